package dev.rlcm.examples.run;

import dev.rlcm.examples.report.LearningCurve;
import dev.rlcm.train.EpochReport;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The numbers of an epoch that are logged; {@code docs/metrics.md} explains each. */
public final class EpochMetrics {
    private EpochMetrics() {}

    static Map<String, Number> of(EpochReport report) {
        Map<String, Number> row = new LinkedHashMap<>();
        row.put("epoch", report.epoch());
        row.put("reward_mean", report.rewardMean());
        row.put("reward_std", report.rewardStd());
        row.put("reward_min", report.rewardMin());
        row.put("reward_max", report.rewardMax());
        report.components().forEach((name, statistics) -> {
            row.put(column(name, "mean"), statistics.mean());
            row.put(column(name, "std"), statistics.std());
            row.put(column(name, "corr"), statistics.correlation());
        });
        row.put("unscored", report.unscored().size());
        row.put("zero_std_share", report.zeroStdShare());
        row.put("loss", report.update().loss());
        row.put("approx_kl", report.update().approxKl());
        row.put("clip_fraction_low", report.update().clipFractionLow());
        row.put("clip_fraction_high", report.update().clipFractionHigh());
        row.put("ratio_mean", report.update().ratioMean());
        row.put("ratio_std", report.update().ratioStd());
        row.put("initial_ratio_error", report.update().initialRatioError());
        row.put("grad_norm", report.update().gradNorm());
        row.put("learning_rate", report.update().learningRate());
        row.put("optimizer_steps", report.update().optimizerSteps());
        row.put("skipped_steps", report.update().skippedSteps());
        row.put("loss_scale", report.update().lossScale());
        row.put("sampling_s", seconds(report.samplingTime()));
        row.put("reward_wait_s", seconds(report.rewardWait()));
        row.put("update_s", seconds(report.update().totalTime()));
        row.put("update_network_s", seconds(report.update().networkTime()));
        row.put("total_s", seconds(report.totalTime()));
        return row;
    }

    /** Of a component of the reward, such as {@code clipscore_mean}. */
    static String column(String component, String statistic) {
        return (component + "_" + statistic).replace(' ', '_');
    }

    static int epoch(Map<String, Number> row) {
        return row.get("epoch").intValue();
    }

    /** The mean reward with a band of one standard deviation, for the learning curve. */
    static LearningCurve.Point point(Map<String, Number> row) {
        double mean = row.get("reward_mean").doubleValue();
        double std = row.get("reward_std").doubleValue();
        return new LearningCurve.Point(
                epoch(row),
                mean,
                mean - std,
                mean + std,
                row.get("approx_kl").doubleValue(),
                row.get("clip_fraction_low").doubleValue()
                        + row.get("clip_fraction_high").doubleValue());
    }

    /** For example "100 epochs in 95 s", evaluation not included. */
    static String length(List<Map<String, Number>> rows) {
        double seconds = rows.stream()
                .mapToDouble(row -> row.get("total_s").doubleValue())
                .sum();
        return String.format(
                Locale.ROOT, "%d %s in %.0f s", rows.size(), rows.size() == 1 ? "epoch" : "epochs", seconds);
    }

    /** For the progress bar. */
    public static String summary(EpochReport report) {
        return String.format(
                Locale.ROOT,
                "reward %.3f kl %.0e clip %.0f%%",
                report.rewardMean(),
                report.update().approxKl(),
                100 * report.update().clipFraction());
    }

    private static double seconds(Duration duration) {
        return duration.toNanos() * 1e-9;
    }
}
