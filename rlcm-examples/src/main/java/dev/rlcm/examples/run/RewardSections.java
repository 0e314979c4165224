package dev.rlcm.examples.run;

import dev.rlcm.examples.options.RewardGuard;
import dev.rlcm.examples.report.Curves;
import dev.rlcm.examples.report.LearningCurve;
import dev.rlcm.examples.report.RunReport;
import dev.rlcm.examples.run.Evaluator.Evaluation;
import dev.rlcm.reward.RewardMix;
import dev.rlcm.reward.Standardisation;
import dev.rlcm.train.EvaluationCourse;
import dev.rlcm.train.RewardHacking;
import dev.rlcm.train.RewardHacking.Suspicion;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.commons.math3.stat.StatUtils;

/** What a report says of a mix's parts, of its guards and of its shadows. */
final class RewardSections {
    private RewardSections() {}

    /**
     * The points of the learning curve: the reward, or, where it is standardised and has the mean 0 in every epoch, how far its
     * terms have come, weight x (mean - mean of the first epoch) / std of the first epoch.
     */
    static List<LearningCurve.Point> points(RewardMix mix, List<Map<String, Number>> rows) {
        List<LearningCurve.Point> points = new ArrayList<>();
        for (Map<String, Number> row : rows) {
            LearningCurve.Point point = EpochMetrics.point(row);
            double progress = mix.standardisation() == Standardisation.NONE
                    ? point.mean()
                    : mix.weights().entrySet().stream()
                            .mapToDouble(term -> term.getValue() * progress(term.getKey(), rows.get(0), row))
                            .sum();
            double spread = (point.high() - point.low()) / 2;
            points.add(new LearningCurve.Point(
                    point.epoch(),
                    progress,
                    progress - spread,
                    progress + spread,
                    point.approxKl(),
                    point.clipFraction(),
                    point.parts()));
        }
        return points;
    }

    private static double progress(String component, Map<String, Number> first, Map<String, Number> row) {
        double std = first.get(EpochMetrics.column(component, "std")).doubleValue();
        double change = row.get(EpochMetrics.column(component, "mean")).doubleValue()
                - first.get(EpochMetrics.column(component, "mean")).doubleValue();
        return change / (std > 0 ? std : 1);
    }

    /** A chart and a table of the parts. */
    static RunReport components(
            RunReport report,
            RewardMix mix,
            List<Map<String, Number>> rows,
            Evaluation before,
            Evaluation after,
            Path directory)
            throws IOException {
        Curves curves = Curves.of("components, in standard deviations of the first epoch", "epoch");
        List<Map<String, Object>> table = new ArrayList<>();
        for (String name : mix.components().keySet()) {
            curves = curves.with(
                    name,
                    rows.stream()
                            .map(row -> new Curves.Point(EpochMetrics.epoch(row), progress(name, rows.get(0), row)))
                            .toList());
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("component", name);
            entry.put("weight", mix.weights().getOrDefault(name, 0.0));
            entry.put("mean before", Evaluation.mean(before.components().get(name)));
            entry.put("mean after", Evaluation.mean(after.components().get(name)));
            entry.put("std after", Math.sqrt(variance(after.components().get(name))));
            entry.put(
                    "correlation with the reward",
                    Evaluation.mean(rows.stream()
                            .mapToDouble(row ->
                                    row.get(EpochMetrics.column(name, "corr")).doubleValue())
                            .toArray()));
            table.add(entry);
        }
        BufferedImage chart = written(curves, directory.resolve("components.png"));
        return report.figure(
                        "Components",
                        chart,
                        "Each part of the reward while training. A part that stays at 0 starves; one that falls is given up.")
                .metrics("Components before and after", table);
    }

    /** How many pictures keep each guard. */
    static RunReport guards(RunReport report, List<RewardGuard> guards, Evaluation before, Evaluation after) {
        if (guards.isEmpty()) {
            return report;
        }
        Map<String, String> kept = new LinkedHashMap<>();
        for (RewardGuard guard : guards) {
            kept.put(
                    guard.toString(),
                    String.format(
                            Locale.ROOT,
                            "kept by %.0f %% of the pictures before, by %.0f %% after",
                            100 * share(guard, before),
                            100 * share(guard, after)));
        }
        return report.table("Guards", kept);
    }

    private static double share(RewardGuard guard, Evaluation evaluation) {
        double[] scores = evaluation.components().get(guard.reward().toString());
        return (double) IntStream.range(0, scores.length)
                        .filter(i -> scores[i] >= guard.least())
                        .count()
                / scores.length;
    }

    /** What is to be said first of a run whose reward was hacked. */
    static String warning(Suspicion suspicion) {
        return String.format(
                Locale.ROOT,
                "Suspicious: the reward is probably hacked. After epoch %d reward and shadows part: by epoch %d the reward has"
                        + " risen by %.1f standard deviations and the shadows have fallen by %.1f.",
                suspicion.partedAt(),
                suspicion.noticedAt(),
                suspicion.rise(),
                suspicion.fall());
    }

    /** A chart and a table of the evaluations: the reward, and the shadows if there are any. */
    static RunReport evaluations(RunReport report, EvaluationCourse course, Path directory) throws IOException {
        List<RewardHacking.Evaluation> evaluations = course.evaluations();
        RewardHacking.Evaluation first = evaluations.get(0);
        boolean watched = !first.shadows().isEmpty();
        Curves curves = Curves.of(
                        (watched ? "reward and shadows" : "reward") + ", in standard deviations before training",
                        "epoch")
                .with(
                        "reward (trained)",
                        evaluations.stream()
                                .map(each -> point(each.epoch(), each.trained(), first.trained()))
                                .toList());
        for (String name : first.shadows().keySet()) {
            curves = curves.with(
                    name + " (shadow)",
                    evaluations.stream()
                            .map(each -> point(
                                    each.epoch(),
                                    each.shadows().get(name),
                                    first.shadows().get(name)))
                            .toList());
        }
        List<Map<String, Object>> table = new ArrayList<>();
        for (RewardHacking.Evaluation each : evaluations) {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("epochs done", each.epoch());
            row.put("reward", each.reward());
            each.shadows().forEach((name, scores) -> row.put(name, Evaluation.mean(scores)));
            row.put("kept as", each.epoch() == course.bestEpoch() ? "best.safetensors" : "");
            table.add(row);
        }
        return report.figure(
                        watched ? "Shadows" : "Evaluated reward",
                        written(curves, directory.resolve("evaluations.png")),
                        "Evaluated on " + Evaluator.EVALUATED + " fixed prompts and noises"
                                + (watched ? "; shadows are not trained on." : "."))
                .metrics("Evaluations", table);
    }

    private static Curves.Point point(int epoch, double[] scores, double[] first) {
        double std = Math.sqrt(variance(first));
        return new Curves.Point(epoch, (Evaluation.mean(scores) - Evaluation.mean(first)) / (std > 0 ? std : 1));
    }

    private static double variance(double[] scores) {
        return StatUtils.populationVariance(
                Arrays.stream(scores).filter(Double::isFinite).toArray());
    }

    private static BufferedImage written(Curves curves, Path file) throws IOException {
        curves.write(file);
        return curves.render();
    }
}
