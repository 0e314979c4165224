package dev.rlcm.ppo;

import java.util.Arrays;
import java.util.List;

/** See {@link AdvantageEstimator#wholeBatch}. */
final class WholeBatchAdvantages implements AdvantageEstimator {
    private double zeroStdShare;

    @Override
    public double[] estimate(List<String> keys, double[] rewards) {
        RewardStatistics.check(keys, rewards);
        RewardStatistics statistics = RewardStatistics.of(rewards);
        zeroStdShare = statistics.hasNoSpread() ? 1 : 0;
        return Arrays.stream(rewards).map(statistics::advantage).toArray();
    }

    @Override
    public double zeroStdShare() {
        return zeroStdShare;
    }

    @Override
    public String toString() {
        return "wholeBatch()";
    }
}
