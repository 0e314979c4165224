package dev.rlcm.examples.run;

import dev.rlcm.examples.options.Goal;
import dev.rlcm.examples.options.TrainOptions;
import dev.rlcm.examples.report.MetricsCsv;
import dev.rlcm.examples.report.RunReport;
import dev.rlcm.examples.run.Evaluator.Evaluation;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.reward.Sample;
import dev.rlcm.train.EpochReport;
import dev.rlcm.train.RewardHacking;
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
import java.util.Optional;
import java.util.Set;
import me.tongfei.progressbar.ProgressBar;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One training run: evaluates, trains, and writes everything into its directory as it goes. */
public final class TrainingRun {
    private static final Logger log = LoggerFactory.getLogger(TrainingRun.class);
    private static final String METRICS = "metrics.csv";
    private static final String ADAPTER = "adapter.safetensors";

    private final Path directory;
    private final TrainOptions options;
    private final ConsistencyPolicy policy;
    private final Evaluator evaluator;
    private final Path metricsFile;
    private final List<Map<String, Number>> metrics = new ArrayList<>();
    private final Map<Integer, List<Sample>> snapshots = new LinkedHashMap<>();
    private final RewardFunction reward;
    private final boolean watching;
    private final Set<String> shadows;
    private final HackingWatch watch;

    /** @param shadows what is evaluated and not trained on, by name */
    public TrainingRun(
            Path directory,
            TrainOptions options,
            ConsistencyPolicy policy,
            RewardFunction reward,
            Map<String, RewardFunction> shadows)
            throws IOException {
        if (options.samplesEvery < 1) {
            throw new IllegalArgumentException("samples-every must be at least 1, got " + options.samplesEvery);
        }
        if (options.evaluateEvery < 1) {
            throw new IllegalArgumentException("evaluate-every must be at least 1, got " + options.evaluateEvery);
        }
        if (options.stopOnHacking && shadows.isEmpty()) {
            throw new IllegalArgumentException("--stop-on-hacking needs a --shadow to compare the reward with");
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
        this.watching = !shadows.isEmpty();
        this.shadows = shadows.keySet();
        this.watch = new HackingWatch(directory, policy.adapter());
        this.evaluator = new Evaluator(
                policy, reward, shadows, options.goal().measure(), options.trainingPrompts(), options.seed());
        Files.createDirectories(directory.resolve("samples"));
    }

    private static boolean isResumed(Path metricsFile, @Nullable Path checkpoint) throws IOException {
        Path before = checkpoint == null ? null : checkpoint.resolveSibling(METRICS);
        return before != null && Files.exists(before) && Files.isSameFile(before, metricsFile);
    }

    /** Trains; whatever ends the training, what was learned until then is written. */
    public void execute(Trainer trainer) throws IOException, InterruptedException {
        Optional<Evaluation> first = evaluator.evaluate(trainer::isStopping);
        if (first.isEmpty()) {
            log.info("Stopped before the first epoch, while the reward was away");
            return;
        }
        Evaluation before = first.get();
        snapshots.put(0, before.shown());
        if (watching && !resumesWatch()) {
            watch.add(0, before);
        }
        if (options.resume != null) {
            resume(trainer, options.resume);
        }
        RunFiles files = new RunFiles(directory, options);
        files.configuration();
        try (MetricsCsv csv = MetricsCsv.open(metricsFile);
                ProgressBar bar = Runs.bar(options.goal().name(), options.epochs())) {
            trainer.run(report -> onEpoch(report, trainer, csv, files, bar));
        } finally {
            save(trainer);
        }
        Optional<Evaluation> last = evaluateAtTheEnd(trainer);
        if (last.isEmpty()) {
            log.info("Stopped while the reward was away: {} has adapter and checkpoint, but no report", directory);
            return;
        }
        Evaluation after = last.get();
        snapshots.put(trainer.epochsDone(), after.shown());
        String length = EpochMetrics.length(metrics);
        files.report(reward, before, after, metrics, snapshots, watching ? watch.course() : List.of(), length);
        print(before, after, length);
    }

    /** Of the adapter that is left, which is an earlier one where the run was ended because of hacking; nothing if given up. */
    private Optional<Evaluation> evaluateAtTheEnd(Trainer trainer) throws IOException, InterruptedException {
        Optional<Evaluation> after = evaluator.evaluate(trainer::isStopping);
        if (watching && after.isPresent() && last().epoch() < trainer.epochsDone()) {
            watch.add(trainer.epochsDone(), after.get());
        }
        if (options.stopOnHacking && watch.suspicion().isPresent()) {
            watch.restoreBest();
            policy.adapter().save(directory.resolve(ADAPTER));
            log.info("The adapter is the best from before, that of epoch {}", watch.bestEpoch());
            return evaluator.evaluate(trainer::isStopping);
        }
        return after;
    }

    private RewardHacking.Evaluation last() {
        return watch.course().get(watch.course().size() - 1);
    }

    private void print(Evaluation before, Evaluation after, String length) {
        Goal goal = options.goal();
        double change = RunReport.percentChange(before.mean(), after.mean());
        System.out.printf(
                Locale.ROOT,
                "%s: mean %s %.3f -> %.3f%s%s after %s%nreport: %s%n",
                goal.title(),
                goal.measure().quantity(),
                before.mean(),
                after.mean(),
                goal.measure().suffix(),
                Double.isFinite(change) ? String.format(Locale.ROOT, " (%+.1f %%)", change) : "",
                length,
                directory.resolve("report.html").toAbsolutePath());
        if (watching) {
            watch.suspicion().map(RewardSections::warning).ifPresent(System.out::println);
        }
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
        if (watching && resumesWatch()) {
            watch.resume(directoryOf(checkpoint), trainer.epochsDone(), shadows);
        }
    }

    /** Whether the run that is resumed was watched too. */
    private boolean resumesWatch() {
        return options.resume != null && HackingWatch.hasEvaluations(directoryOf(options.resume));
    }

    private static Path directoryOf(Path checkpoint) {
        return checkpoint.toAbsolutePath().getParent();
    }

    private void save(Trainer trainer) throws IOException {
        policy.adapter().save(directory.resolve(ADAPTER));
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
            if (watching && done % options.evaluateEvery == 0 && done < options.epochs()) {
                watch(done, trainer);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write to " + directory + ": " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the trainer ends when it waits for the next rewards
        }
    }

    private void watch(int done, Trainer trainer) throws IOException, InterruptedException {
        Optional<Evaluation> evaluation = evaluator.evaluate(trainer::isStopping);
        if (evaluation.isPresent()) {
            watch.add(done, evaluation.get());
        }
        if (options.stopOnHacking && watch.suspicion().isPresent()) {
            log.warn(RewardSections.warning(watch.suspicion().get()));
            trainer.stop();
        }
    }
}
