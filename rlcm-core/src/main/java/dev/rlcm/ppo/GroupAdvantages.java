package dev.rlcm.ppo;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * Advantages that compare the samples of a prompt in a rollout with each other and with nothing else. A prompt whose rewards are
 * all equal has advantages 0.
 */
final class GroupAdvantages implements AdvantageEstimator {
    private final String name;
    private final UnaryOperator<double[]> rule;
    private double zeroStdShare;

    /**
     * @param name for {@code toString}
     * @param rule from the rewards of a prompt, two or more and not all equal, to their advantages
     */
    GroupAdvantages(String name, UnaryOperator<double[]> rule) {
        this.name = name;
        this.rule = rule;
    }

    @Override
    public double[] estimate(List<String> keys, double[] rewards) {
        RewardStatistics.check(keys, rewards);
        Map<String, List<Integer>> groups = new LinkedHashMap<>();
        for (int i = 0; i < rewards.length; i++) {
            groups.computeIfAbsent(keys.get(i), key -> new ArrayList<>()).add(i);
        }
        double[] advantages = new double[rewards.length];
        int flat = 0;
        for (List<Integer> members : groups.values()) {
            double[] group = members.stream().mapToDouble(i -> rewards[i]).toArray();
            if (RewardStatistics.of(group).hasNoSpread()) {
                flat++;
                continue;
            }
            double[] ofGroup = rule.apply(group);
            for (int i = 0; i < group.length; i++) {
                advantages[members.get(i)] = ofGroup[i];
            }
        }
        zeroStdShare = (double) flat / groups.size();
        return advantages;
    }

    /** See {@link AdvantageEstimator#leaveOneOut}. */
    static double[] leaveOneOut(double[] rewards) {
        double sum = 0;
        for (double reward : rewards) {
            sum += reward;
        }
        double[] advantages = new double[rewards.length];
        for (int i = 0; i < rewards.length; i++) {
            advantages[i] = rewards[i] - (sum - rewards[i]) / (rewards.length - 1);
        }
        return advantages;
    }

    /** See {@link AdvantageEstimator#winRate}. */
    static double[] winRate(double[] rewards) {
        double[] rates = new double[rewards.length];
        for (int i = 0; i < rewards.length; i++) {
            double wins = -0.5; // the comparison with itself, a tie, does not count
            for (double other : rewards) {
                wins += rewards[i] > other ? 1 : rewards[i] == other ? 0.5 : 0;
            }
            rates[i] = wins / (rewards.length - 1);
        }
        RewardStatistics statistics = RewardStatistics.of(rates);
        for (int i = 0; i < rates.length; i++) {
            rates[i] = statistics.advantage(rates[i]);
        }
        return rates;
    }

    @Override
    public double zeroStdShare() {
        return zeroStdShare;
    }

    @Override
    public String toString() {
        return name;
    }
}
