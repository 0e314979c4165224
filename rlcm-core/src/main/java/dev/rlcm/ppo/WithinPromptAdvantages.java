package dev.rlcm.ppo;

import dev.rlcm.check.Check;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.math3.stat.StatUtils;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;
import org.apache.commons.math3.util.MathArrays;
import org.jspecify.annotations.Nullable;

/** See {@link AdvantageEstimator#withinPrompt()}. */
final class WithinPromptAdvantages implements AdvantageEstimator {
    private final @Nullable Double scale;
    private double zeroStdShare;

    /** @param scale what to divide by, positive; null for the rollout's spread */
    WithinPromptAdvantages(@Nullable Double scale) {
        if (scale != null) {
            Check.positive("scale", scale);
        }
        this.scale = scale;
    }

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
        double[] advantages = scale != null ? MathArrays.scale(1 / scale, differences) : bySpread(differences);
        long flat = groups.values().stream()
                .filter(WithinPromptAdvantages::hasNoSpread)
                .count();
        zeroStdShare = (double) flat / groups.size();
        return advantages;
    }

    private static double[] bySpread(double[] differences) {
        double spread = Math.sqrt(StatUtils.sumSq(differences) / differences.length);
        RewardStatistics statistics = new RewardStatistics(0, spread);
        return Arrays.stream(differences).map(statistics::advantage).toArray();
    }

    private static boolean hasNoSpread(SummaryStatistics group) {
        return group.getMax() == group.getMin();
    }

    @Override
    public double zeroStdShare() {
        return zeroStdShare;
    }

    @Override
    public String toString() {
        return scale == null ? "withinPrompt()" : "withinPrompt(" + scale + ")";
    }
}
