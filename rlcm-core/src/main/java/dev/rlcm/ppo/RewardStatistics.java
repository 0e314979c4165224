package dev.rlcm.ppo;

import java.util.List;
import org.apache.commons.math3.stat.StatUtils;

/** Mean and population standard deviation of a group of rewards. */
record RewardStatistics(double mean, double std) {
    private static final double EPSILON = 1e-6; // the reference's, on the std

    static RewardStatistics of(double[] rewards) {
        if (StatUtils.max(rewards) == StatUtils.min(rewards)) {
            return new RewardStatistics(rewards[0], 0); // exactly, where rounding would leave a trace of spread
        }
        return new RewardStatistics(StatUtils.mean(rewards), Math.sqrt(StatUtils.populationVariance(rewards)));
    }

    double advantage(double reward) {
        return (reward - mean) / (std + EPSILON);
    }

    boolean hasNoSpread() {
        return std == 0;
    }

    static void check(List<String> keys, double[] rewards) {
        if (rewards.length == 0 || keys.size() != rewards.length) {
            throw new IllegalArgumentException("expected one reward per key and at least one, got " + keys.size()
                    + " keys and " + rewards.length + " rewards");
        }
        for (int i = 0; i < rewards.length; i++) {
            if (!Double.isFinite(rewards[i])) {
                throw new IllegalArgumentException("reward " + i + " (" + keys.get(i) + ") must be finite, got "
                        + rewards[i] + "; mend the reward function or drop the sample");
            }
        }
    }
}
