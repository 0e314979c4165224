package dev.rlcm.examples.run;

import dev.rlcm.examples.options.Goal;
import dev.rlcm.examples.options.TrainOptions;
import dev.rlcm.examples.report.MetricsCsv;
import dev.rlcm.examples.report.RunReport;
import dev.rlcm.examples.run.Evaluator.Evaluation;
import dev.rlcm.optim.MovingAverage;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.reward.Sample;
import dev.rlcm.train.CheckpointFiles;
import dev.rlcm.train.EpochReport;
import dev.rlcm.train.EvaluationCourse;
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
    private final RewardFunction reward;
    private final Set<String> shadows;
    private final Evaluator evaluator;
    private final BestAdapter best;
    private final CheckpointFiles checkpoints;
    private final Path metricsFile;
    private final List<Map<String, Number>> metrics = new ArrayList<>();
    private final Map<Integer, List<Sample>> snapshots = new LinkedHashMap<>();

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
        options.evaluation.check();
        if (options.evaluation.stopOnHacking && shadows.isEmpty()) {
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
        this.shadows = shadows.keySet();
        this.best = new BestAdapter(directory, policy.adapter());
        this.checkpoints = new CheckpointFiles(directory, options.evaluation.keptCheckpoints);
        this.evaluator = new Evaluator(
                policy, reward, shadows, options.goal().measure(), options.evaluationPrompts(), options.seed());
        Files.createDirectories(directory.resolve("samples"));
    }

    private static boolean isResumed(Path metricsFile, @Nullable Path checkpoint) throws IOException {
        Path before =
                checkpoint == null ? null : CheckpointFiles.runOf(checkpoint).resolve(METRICS);
        return before != null && Files.exists(before) && Files.isSameFile(before, metricsFile);
    }

    /** Trains; whatever ends the training, what was learned until then is written. */
    public void execute(Trainer trainer) throws IOException, InterruptedException {
        options.doubts().forEach(log::warn);
        Optional<Evaluation> first = evaluator.evaluate(trainer::isStopping);
        if (first.isEmpty()) {
            log.info("Stopped before the first epoch, while the reward was away");
            return;
        }
        Evaluation before = first.get();
        snapshots.put(0, before.shown());
        if (!resumesEvaluations()) {
            best.add(0, before);
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
        files.report(reward, before, after, metrics, snapshots, best.course(), length);
        print(before, after, length);
    }

    /** Of the adapter that is left, which is an earlier one where the run was ended before its time; nothing if given up. */
    private Optional<Evaluation> evaluateAtTheEnd(Trainer trainer) throws IOException, InterruptedException {
        MovingAverage.Applied average = trainer.applyAverage();
        try (average) {
            Optional<Evaluation> after = evaluator.evaluate(trainer::isStopping);
            if (after.isPresent() && last().epoch() < trainer.epochsDone()) {
                best.add(trainer.epochsDone(), after.get());
            }
            if (!isToEnd()) {
                return after;
            }
            best.restore();
            policy.adapter().save(directory.resolve(ADAPTER));
            log.info(
                    "The adapter is the best from before, that of epoch {}",
                    best.course().bestEpoch());
            return evaluator.evaluate(trainer::isStopping);
        }
    }

    private RewardHacking.Evaluation last() {
        List<RewardHacking.Evaluation> course = best.course().evaluations();
        return course.get(course.size() - 1);
    }

    /** Whether the run has had its best time. */
    private boolean isToEnd() {
        EvaluationCourse course = best.course();
        return (options.evaluation.stopOnHacking && course.suspicion().isPresent())
                || course.sinceBest() >= options.evaluation.patience().orElse(Integer.MAX_VALUE);
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
        best.course().suspicion().map(RewardSections::warning).ifPresent(System.out::println);
    }

    /** A run that was killed has metrics of epochs after its last checkpoint, which are now trained again. */
    private void resume(Trainer trainer, Path checkpoint) throws IOException {
        trainer.resume(checkpoint);
        Path run = CheckpointFiles.runOf(checkpoint);
        for (Map<String, Number> row : MetricsCsv.read(run.resolve(METRICS))) {
            if (EpochMetrics.epoch(row) < trainer.epochsDone()) {
                metrics.add(row);
            }
        }
        MetricsCsv.write(metricsFile, metrics);
        if (resumesEvaluations()) {
            best.resume(run, trainer.epochsDone(), shadows);
        }
    }

    /** Whether the run that is resumed has left its evaluations. */
    private boolean resumesEvaluations() {
        return options.resume != null && BestAdapter.hasEvaluations(CheckpointFiles.runOf(options.resume));
    }

    private void save(Trainer trainer) throws IOException {
        checkpoints.save(trainer);
        MovingAverage.Applied average = trainer.applyAverage();
        try (average) {
            policy.adapter().save(directory.resolve(ADAPTER));
        }
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
                save(trainer);
                MovingAverage.Applied average = trainer.applyAverage();
                try (average) {
                    List<Sample> samples = evaluator.shown();
                    snapshots.put(done, samples);
                    files.samples(done, samples);
                }
            }
            if (done % options.evaluation.every == 0 && done < options.epochs()) {
                evaluate(done, trainer);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write to " + directory + ": " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the trainer ends when it waits for the next rewards
        }
    }

    private void evaluate(int done, Trainer trainer) throws IOException, InterruptedException {
        MovingAverage.Applied average = trainer.applyAverage();
        try (average) {
            Optional<Evaluation> evaluation = evaluator.evaluate(trainer::isStopping);
            if (evaluation.isPresent()) {
                best.add(done, evaluation.get());
            }
        }
        if (isToEnd()) {
            log.warn(best.course()
                    .suspicion()
                    .map(RewardSections::warning)
                    .orElse("The reward has not risen since epoch "
                            + best.course().bestEpoch() + "; training ends"));
            trainer.stop();
        }
    }
}
