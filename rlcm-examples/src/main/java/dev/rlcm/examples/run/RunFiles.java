package dev.rlcm.examples.run;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rlcm.examples.options.TrainOptions;
import dev.rlcm.examples.report.ImageGrid;
import dev.rlcm.examples.report.LearningCurve;
import dev.rlcm.examples.report.RunReport;
import dev.rlcm.examples.report.Tile;
import dev.rlcm.examples.run.Evaluator.Evaluation;
import dev.rlcm.io.AtomicFiles;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.reward.RewardMix;
import dev.rlcm.reward.Sample;
import dev.rlcm.train.EvaluationCourse;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What a run leaves behind: configuration, pictures, learning curve and report. */
final class RunFiles {
    private final Path directory;
    private final TrainOptions options;

    RunFiles(Path directory, TrainOptions options) {
        this.directory = directory;
        this.options = options;
    }

    void configuration() throws IOException {
        byte[] json = new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsBytes(options.configuration());
        AtomicFiles.write(directory.resolve("config.json"), out -> out.write(json));
    }

    void samples(int epoch, List<Sample> samples) throws IOException {
        ImageGrid grid = ImageGrid.of("epoch " + epoch);
        for (Sample sample : samples) {
            grid = grid.withRow(sample.prompt(), List.of(Tile.of(sample, "")));
        }
        grid.write(directory.resolve("samples").resolve(String.format(Locale.ROOT, "epoch-%04d.png", epoch)));
    }

    /** @param course the evaluations, at least one */
    void report(
            RewardFunction reward,
            Evaluation before,
            Evaluation after,
            List<Map<String, Number>> metrics,
            Map<Integer, List<Sample>> snapshots,
            EvaluationCourse course,
            String length)
            throws IOException {
        ImageGrid comparison =
                before.emptyGrid().withRow("before", before.tiles()).withRow("after", after.tiles());
        comparison.write(directory.resolve("before-after.png"));
        ImageGrid strip = strip(snapshots);
        strip.write(directory.resolve("samples.png"));
        RunReport report = RunReport.titled("RLCM: " + options.goal().title(), length);
        course.suspicion().map(RewardSections::warning).ifPresent(report::warning);
        report.outcome(
                        "mean " + options.goal().measure().quantity(),
                        before.mean(),
                        after.mean(),
                        options.goal().measure().unit())
                .figure(
                        "Before and after",
                        comparison.render(),
                        "The same prompts and noises before and after training.");
        if (!metrics.isEmpty()) {
            LearningCurve curve = new LearningCurve(
                    options.goal().measure().reward(),
                    reward instanceof RewardMix mix
                            ? RewardSections.points(mix, metrics)
                            : metrics.stream().map(EpochMetrics::point).toList());
            curve.write(directory.resolve("learning-curve.png"));
            report.figure(
                    "Learning curve",
                    curve.render(),
                    "Reward by epoch, approximate KL, clip fraction, and what the loss reports of its parts.");
        }
        if (reward instanceof RewardMix mix && !metrics.isEmpty()) {
            RewardSections.components(report, mix, metrics, before, after, directory);
        }
        RewardSections.guards(report, options.guards(), before, after);
        RewardSections.evaluations(report, course, directory);
        report.figure("Over the epochs", strip.render(), "The same prompts and noises as training goes on.")
                .table("Configuration", options.summary())
                .metrics("Metrics", metrics)
                .write(directory.resolve("report.html"));
    }

    private static ImageGrid strip(Map<Integer, List<Sample>> snapshots) {
        ImageGrid grid = ImageGrid.of(
                snapshots.keySet().stream().map(epoch -> "epoch " + epoch).toArray(String[]::new));
        int shown = snapshots.values().iterator().next().size();
        for (int i = 0; i < shown; i++) {
            List<Tile> tiles = new ArrayList<>();
            String prompt = "";
            for (List<Sample> samples : snapshots.values()) {
                prompt = samples.get(i).prompt();
                tiles.add(Tile.of(samples.get(i), ""));
            }
            grid = grid.withRow(prompt, tiles);
        }
        return grid;
    }
}
