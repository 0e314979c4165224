package dev.rlcm.examples.run;

import dev.rlcm.examples.report.LearningCurve;
import dev.rlcm.ppo.UpdateReport;
import dev.rlcm.train.EpochReport;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The numbers of an epoch that are logged; {@code docs/metrics.md} explains each. */
public final class EpochMetrics {
    /** Begins the columns of what the loss reports of its parts. */
    private static final String PART = "loss.";

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
        UpdateReport update = report.update();
        row.put("loss", update.loss());
        update.losses().parts().forEach((name, value) -> row.put(PART + name, value));
        row.put("approx_kl", update.approxKl());
        row.put("clip_fraction_low", update.ratios().clippedLow());
        row.put("clip_fraction_high", update.ratios().clippedHigh());
        row.put("ratio_mean", update.ratios().mean());
        row.put("ratio_std", update.ratios().std());
        row.put("initial_ratio_error", update.ratios().initialError());
        row.put("grad_norm", update.steps().gradNorm());
        row.put("learning_rate", update.steps().learningRate());
        row.put("optimizer_steps", update.steps().applied());
        row.put("skipped_steps", update.steps().skipped());
        row.put("loss_scale", update.steps().lossScale());
        row.put("sampling_s", seconds(report.samplingTime()));
        row.put("reward_wait_s", seconds(report.rewardWait()));
        row.put("update_s", seconds(update.time().total()));
        row.put("update_network_s", seconds(update.time().network()));
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
                        + row.get("clip_fraction_high").doubleValue(),
                parts(row));
    }

    private static Map<String, Double> parts(Map<String, Number> row) {
        Map<String, Double> parts = new LinkedHashMap<>();
        row.forEach((column, value) -> {
            if (column.startsWith(PART)) {
                parts.put(column.substring(PART.length()), value.doubleValue());
            }
        });
        return parts;
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
