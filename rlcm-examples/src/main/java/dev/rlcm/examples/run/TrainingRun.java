package dev.rlcm.examples.run;

import dev.rlcm.examples.options.TrainOptions;
import dev.rlcm.examples.report.MetricsCsv;
import dev.rlcm.examples.report.RunReport;
import dev.rlcm.examples.run.Evaluator.Evaluation;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.reward.Sample;
import dev.rlcm.train.EpochReport;
import dev.rlcm.train.Trainer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import me.tongfei.progressbar.ProgressBar;
import org.jspecify.annotations.Nullable;

/** One training run: evaluates, trains, and writes everything into its directory as it goes. */
public final class TrainingRun {
    private static final String METRICS = "metrics.csv";

    private final Path directory;
    private final TrainOptions options;
    private final ConsistencyPolicy policy;
    private final Evaluator evaluator;
    private final Path metricsFile;
    private final List<Map<String, Number>> metrics = new ArrayList<>();
    private final Map<Integer, List<Sample>> snapshots = new LinkedHashMap<>();

    public TrainingRun(Path directory, TrainOptions options, ConsistencyPolicy policy, RewardFunction reward)
            throws IOException {
        if (options.samplesEvery < 1) {
            throw new IllegalArgumentException("samples-every must be at least 1, got " + options.samplesEvery);
        }
        this.metricsFile = directory.resolve(METRICS);
        if (Files.exists(metricsFile) && !isResumed(metricsFile, options.resume)) {
            throw new IllegalArgumentException(
                    directory + " already holds a run; give another --output, or --resume its checkpoint.safetensors");
        }
        this.directory = directory;
        this.options = options;
        this.policy = policy;
        this.evaluator =
                new Evaluator(policy, reward, options.task().measure, options.trainingPrompts(), options.seed());
        Files.createDirectories(directory.resolve("samples"));
    }

    private static boolean isResumed(Path metricsFile, @Nullable Path checkpoint) throws IOException {
        Path before = checkpoint == null ? null : checkpoint.resolveSibling(METRICS);
        return before != null && Files.exists(before) && Files.isSameFile(before, metricsFile);
    }

    /** Trains; whatever ends the training, what was learned until then is written. */
    public void execute(Trainer trainer) throws IOException, InterruptedException {
        Evaluation before = evaluator.evaluate();
        snapshots.put(0, before.shown());
        if (options.resume != null) {
            resume(trainer, options.resume);
        }
        RunFiles files = new RunFiles(directory, options);
        files.configuration();
        try (MetricsCsv csv = MetricsCsv.open(metricsFile);
                ProgressBar bar = Runs.bar(options.task().name(), options.epochs())) {
            trainer.run(report -> onEpoch(report, trainer, csv, files, bar));
        } finally {
            save(trainer);
        }
        Evaluation after = evaluator.evaluate();
        snapshots.put(trainer.epochsDone(), after.shown());
        String length = EpochMetrics.length(metrics);
        files.report(before, after, metrics, snapshots, length);
        System.out.printf(
                Locale.ROOT,
                "%s: mean %s %.3f -> %.3f%s (%+.1f %%) after %s%nreport: %s%n",
                options.task(),
                options.task().measure.quantity(),
                before.mean(),
                after.mean(),
                options.task().measure.suffix(),
                RunReport.percentChange(before.mean(), after.mean()),
                length,
                directory.resolve("report.html").toAbsolutePath());
    }

    /** A run that was killed has metrics of epochs after its last checkpoint, which are now trained again. */
    private void resume(Trainer trainer, Path checkpoint) throws IOException {
        trainer.resume(checkpoint);
        for (Map<String, Number> row : MetricsCsv.read(checkpoint.resolveSibling(METRICS))) {
            if (EpochMetrics.epoch(row) < trainer.epochsDone()) {
                metrics.add(row);
            }
        }
        MetricsCsv.write(metricsFile, metrics);
    }

    private void save(Trainer trainer) throws IOException {
        policy.adapter().save(directory.resolve("adapter.safetensors"));
        trainer.save(directory.resolve("checkpoint.safetensors"));
    }

    private void onEpoch(EpochReport report, Trainer trainer, MetricsCsv csv, RunFiles files, ProgressBar bar) {
        Map<String, Number> row = EpochMetrics.of(report);
        metrics.add(row);
        bar.setExtraMessage(EpochMetrics.summary(report));
        bar.stepTo(report.epoch() + 1L);
        try {
            csv.append(row);
            int done = report.epoch() + 1;
            if (done % options.samplesEvery == 0 && done < options.epochs()) {
                List<Sample> samples = evaluator.shown();
                snapshots.put(done, samples);
                files.samples(done, samples);
                save(trainer);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write to " + directory + ": " + e.getMessage(), e);
        }
    }
}
