package dev.rlcm.examples;

import dev.rlcm.examples.report.MetricsCsv;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.reward.Sample;
import dev.rlcm.train.EpochReport;
import dev.rlcm.train.Prompts;
import dev.rlcm.train.Trainer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.apache.commons.math3.stat.StatUtils;
import org.jspecify.annotations.Nullable;

/** One training run: evaluates, trains, and writes everything into its directory as it goes. */
final class TrainingRun {
    /** How many pictures the before/after comparison is measured on. */
    private static final int EVALUATED = 64;

    /** How many of them are shown. */
    static final int SHOWN = 8;

    private static final String METRICS = "metrics.csv";

    private final Path directory;
    private final TrainOptions options;
    private final ConsistencyPolicy policy;
    private final RewardFunction reward;
    private final RandomStreams random;
    private final List<String> evaluationPrompts;
    private final Path metricsFile;
    private final List<Map<String, Number>> metrics = new ArrayList<>();
    private final Map<Integer, List<Sample>> snapshots = new LinkedHashMap<>();

    TrainingRun(Path directory, TrainOptions options, ConsistencyPolicy policy, RewardFunction reward)
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
        this.reward = reward;
        this.random = RandomStreams.seeded(options.seed).at("evaluation");
        Prompts prompts = options.trainingPrompts();
        this.evaluationPrompts = prompts.draw(EVALUATED, random);
        Files.createDirectories(directory.resolve("samples"));
    }

    private static boolean isResumed(Path metricsFile, @Nullable Path checkpoint) throws IOException {
        Path before = checkpoint == null ? null : checkpoint.resolveSibling(METRICS);
        return before != null && Files.exists(before) && Files.isSameFile(before, metricsFile);
    }

    /** Trains; whatever ends the training, what was learned until then is written. */
    void execute(Trainer trainer) throws IOException, InterruptedException {
        Evaluation before = evaluate();
        snapshots.put(0, before.samples().subList(0, SHOWN));
        if (options.resume != null) {
            resume(trainer, options.resume);
        }
        RunFiles files = new RunFiles(directory, options);
        files.configuration();
        try (MetricsCsv csv = MetricsCsv.open(metricsFile);
                ProgressBar bar = progressBar()) {
            trainer.run(report -> onEpoch(report, trainer, csv, files, bar));
        } finally {
            save(trainer);
        }
        Evaluation after = evaluate();
        snapshots.put(trainer.epochsDone(), after.samples().subList(0, SHOWN));
        String length = EpochMetrics.length(metrics);
        files.report(before, after, metrics, snapshots, length);
        System.out.printf(
                Locale.ROOT,
                "%s: mean %s %.3f -> %.3f%s (%+.1f %%) after %s%nreport: %s%n",
                options.reward,
                options.reward.measure.quantity(),
                before.mean(),
                after.mean(),
                options.reward.measure.suffix(),
                100 * (after.mean() / before.mean() - 1),
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

    private ProgressBar progressBar() {
        return new ProgressBarBuilder()
                .setTaskName(options.reward.name())
                .setInitialMax(options.epochs())
                .setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(500)
                .setMaxRenderedLength(110)
                .build();
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
                List<Sample> samples = samples(evaluationPrompts.subList(0, SHOWN));
                snapshots.put(done, samples);
                files.samples(done, samples);
                save(trainer);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write to " + directory + ": " + e.getMessage(), e);
        }
    }

    /** The same prompts and noises, whenever it is called. */
    private List<Sample> samples(List<String> prompts) {
        return policy.rollout(prompts, random.at("noise")).samples();
    }

    private Evaluation evaluate() {
        List<Sample> samples = samples(evaluationPrompts);
        double[] measured = reward.score(samples);
        Arrays.setAll(measured, i -> options.reward.measure.sign() * measured[i]);
        return new Evaluation(samples, measured);
    }

    /** Pictures of the fixed prompts and noises, and what the task measures of each. */
    record Evaluation(List<Sample> samples, double[] measured) {
        double mean() {
            return StatUtils.mean(measured);
        }
    }
}
