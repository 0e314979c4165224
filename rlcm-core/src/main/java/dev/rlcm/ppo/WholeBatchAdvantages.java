package dev.rlcm.ppo;

import java.util.Arrays;
import java.util.List;

/** See {@link AdvantageEstimator#wholeBatch}. */
final class WholeBatchAdvantages implements AdvantageEstimator {
    private double zeroSpreadShare;

    @Override
    public double[] estimate(List<String> keys, double[] rewards) {
        RewardStatistics.check(keys, rewards);
        RewardStatistics statistics = RewardStatistics.of(rewards);
        zeroSpreadShare = statistics.hasNoSpread() ? 1 : 0;
        return Arrays.stream(rewards).map(statistics::advantage).toArray();
    }

    @Override
    public double zeroSpreadShare() {
        return zeroSpreadShare;
    }
}
