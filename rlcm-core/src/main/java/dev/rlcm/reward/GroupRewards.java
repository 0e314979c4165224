package dev.rlcm.reward;

import java.util.Arrays;
import java.util.function.ToDoubleBiFunction;
import java.util.stream.IntStream;

/** Rewards that compare the samples of a prompt with each other. They need several samples of each prompt in a rollout. */
public final class GroupRewards {
    private GroupRewards() {}

    /**
     * How often a sample wins against the others of its prompt, in [0, 1]: the mean over them of (p(i, j) + 1 - p(j, i)) / 2,
     * as in Pref-GRPO (arXiv:2508.20751), with both orders asked for. A judge of pairs sees smaller differences than one that
     * gives points. One sample alone gets 0.5.
     *
     * @param judge asked n(n - 1) times for n samples of a prompt
     */
    public static RewardFunction winRate(Preference judge) {
        return RewardFunction.perPrompt(group -> {
                    double[][] wins = new double[group.size()][group.size()];
                    for (int i = 0; i < wins.length; i++) {
                        for (int j = 0; j < wins.length; j++) {
                            if (i != j) {
                                double first = probability(judge, group.get(i), group.get(j));
                                wins[i][j] += first / 2;
                                wins[j][i] += (1 - first) / 2;
                            }
                        }
                    }
                    return meanOfOthers(wins, 0.5);
                })
                .named("win rate");
    }

    private static double probability(Preference judge, Sample first, Sample second) {
        double probability = judge.probability(first, second);
        if (!(probability >= 0 && probability <= 1)) {
            throw new IllegalStateException(
                    "a preference must be a probability in [0, 1], got " + probability + " for " + first.prompt());
        }
        return probability;
    }

    /**
     * A reward's rank among the samples of a prompt, in [0, 1]: the share of the others that are worse, ties by half. Outliers
     * count no more than any other best or worst sample. One sample alone gets 0.5.
     *
     * @throws IllegalArgumentException if the reward has to see the whole rollout, see {@link RewardFunction#scope}
     */
    public static RewardFunction rank(RewardFunction reward) {
        if (reward.scope() == RewardScope.ROLLOUT) {
            throw new IllegalArgumentException("the scores of reward \"" + reward.name()
                    + "\" depend on the whole rollout and cannot be ranked by prompt; rank its parts");
        }
        return new PerPromptReward(group -> ranks(CheckedReward.score(reward, group)), reward::isPaused)
                .named("rank of " + reward.name());
    }

    private static double[] ranks(double[] scores) {
        double[][] wins = new double[scores.length][scores.length];
        for (int i = 0; i < scores.length; i++) {
            for (int j = 0; j < scores.length; j++) {
                wins[i][j] = (Math.signum(scores[i] - scores[j]) + 1) / 2;
            }
        }
        return meanOfOthers(wins, 0.5);
    }

    /**
     * How far a sample is from the others of its prompt on average: against a policy that draws one picture for everything.
     * One sample alone gets 0.
     *
     * @param distance symmetric, not negative, such as {@link #pixelDistance}
     */
    public static RewardFunction diversity(ToDoubleBiFunction<? super Sample, ? super Sample> distance) {
        return RewardFunction.perPrompt(group -> {
                    double[][] distances = new double[group.size()][group.size()];
                    for (int i = 0; i < distances.length; i++) {
                        for (int j = 0; j < i; j++) {
                            distances[i][j] = distance.applyAsDouble(group.get(i), group.get(j));
                            distances[j][i] = distances[i][j];
                        }
                    }
                    return meanOfOthers(distances, 0);
                })
                .named("diversity");
    }

    /**
     * The root mean square difference of two pictures' values, 0 for equal ones, about 0.5 for unrelated ones.
     *
     * @throws IllegalArgumentException if they have different sizes
     */
    public static double pixelDistance(Sample left, Sample right) {
        float[] x = left.pixels();
        float[] y = right.pixels();
        if (left.height() != right.height() || left.width() != right.width()) {
            throw new IllegalArgumentException("cannot compare pictures of different sizes, " + left + " and " + right);
        }
        return Math.sqrt(IntStream.range(0, x.length)
                .mapToDouble(i -> (x[i] - y[i]) * (double) (x[i] - y[i]))
                .average()
                .orElse(0));
    }

    private static double[] meanOfOthers(double[][] values, double alone) {
        return IntStream.range(0, values.length)
                .mapToDouble(i -> values.length == 1
                        ? alone
                        : (Arrays.stream(values[i]).sum() - values[i][i]) / (values.length - 1))
                .toArray();
    }
}
