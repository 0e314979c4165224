package dev.rlcm.ppo;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.math3.stat.StatUtils;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;

/** See {@link AdvantageEstimator#withinPrompt}. */
final class WithinPromptAdvantages implements AdvantageEstimator {
    private double zeroSpreadShare;

    @Override
    public double[] estimate(List<String> keys, double[] rewards) {
        RewardStatistics.check(keys, rewards);
        Map<String, SummaryStatistics> groups = new LinkedHashMap<>();
        for (int i = 0; i < rewards.length; i++) {
            groups.computeIfAbsent(keys.get(i), key -> new SummaryStatistics()).addValue(rewards[i]);
        }
        double[] differences = new double[rewards.length];
        for (int i = 0; i < rewards.length; i++) {
            SummaryStatistics group = groups.get(keys.get(i));
            differences[i] = hasNoSpread(group) ? 0 : rewards[i] - group.getMean();
        }
        double spread = Math.sqrt(StatUtils.sumSq(differences) / differences.length);
        RewardStatistics statistics = new RewardStatistics(0, spread);
        for (int i = 0; i < differences.length; i++) {
            differences[i] = statistics.advantage(differences[i]);
        }
        long flat = groups.values().stream()
                .filter(WithinPromptAdvantages::hasNoSpread)
                .count();
        zeroSpreadShare = (double) flat / groups.size();
        return differences;
    }

    private static boolean hasNoSpread(SummaryStatistics group) {
        return group.getMax() == group.getMin();
    }

    @Override
    public double zeroSpreadShare() {
        return zeroSpreadShare;
    }
}
