package dev.rlcm.examples.pretraining;

import dev.rlcm.backend.Backend;
import dev.rlcm.examples.report.MetricsCsv;
import dev.rlcm.examples.run.Runs;
import dev.rlcm.examples.run.StopSignal;
import dev.rlcm.supervised.StepReport;
import dev.rlcm.supervised.SupervisedConfig;
import dev.rlcm.supervised.SupervisedTrainer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import me.tongfei.progressbar.ProgressBar;

/**
 * Trains a stage in its directory: measures on what is held out, writes networks and checkpoint, and says how long it will take. A stage
 * whose directory has a checkpoint goes on where that was written, bit for bit. Ctrl-C ends it after the step in progress.
 */
final class StageRun {
    private static final String CHECKPOINT = "checkpoint.safetensors";
    private static final double SECONDS_PER_HOUR = 3600;

    private final StageTask task;
    private final SupervisedTrainer trainer;
    private final HeldOut heldOut;
    private final SupervisedConfig config;
    private final Path directory;
    private final int measureEvery;
    private final PrintWriter out;
    private final Pace pace = new Pace();
    private double lossSum;
    private long lossCount;

    /** The model that a stage begins with. */
    @FunctionalInterface
    interface Source {
        /** Copies its files into a directory. */
        void copyTo(Path directory) throws IOException;
    }

    private StageRun(
            StageTask task,
            SupervisedTrainer trainer,
            HeldOut heldOut,
            SupervisedConfig config,
            StageOptions options,
            PrintWriter out) {
        this.task = task;
        this.trainer = trainer;
        this.heldOut = heldOut;
        this.config = config;
        this.directory = options.out();
        this.measureEvery = options.measureEvery();
        this.out = out;
    }

    /**
     * Copies the model that a stage begins with, unless the stage has begun already.
     *
     * @return whether it begins now
     * @throws IllegalArgumentException if an option is out of range, or the directory holds something else
     */
    static boolean begin(Source model, StageOptions options) throws IOException {
        options.check();
        Path directory = options.out();
        if (Files.exists(directory.resolve(CHECKPOINT))) {
            return false;
        }
        if (Files.isDirectory(directory)) {
            try (Stream<Path> files = Files.list(directory)) {
                if (files.findAny().isPresent()) {
                    throw new IllegalArgumentException(directory + " is not empty and has no checkpoint to go on from;"
                            + " empty it or give another directory");
                }
            }
        }
        model.copyTo(directory);
        return true;
    }

    /**
     * Trains until all steps are done, or until Ctrl-C.
     *
     * @param out is told of every measurement
     * @throws IOException if a file cannot be written, or the checkpoint is of another run
     */
    static void execute(StageTask task, SupervisedConfig config, StageOptions options, Backend backend, PrintWriter out)
            throws IOException {
        try (SupervisedTrainer trainer = new SupervisedTrainer(task, config, backend);
                HeldOut heldOut = new HeldOut(task, backend)) {
            StopSignal signal = StopSignal.install(trainer::stop);
            try (signal) {
                new StageRun(task, trainer, heldOut, config, options, out).train();
            }
        }
    }

    private void train() throws IOException {
        Path checkpoint = directory.resolve(CHECKPOINT);
        if (Files.exists(checkpoint)) {
            trainer.resume(checkpoint);
        } else {
            trainer.save(checkpoint);
        }
        long begun = trainer.stepsDone();
        try (MetricsCsv metrics = MetricsCsv.open(directory.resolve("metrics.csv"));
                ProgressBar bar = Runs.bar("steps", Math.toIntExact(config.steps()))) {
            if (begun == 0) {
                tell(heldOut.means(), metrics);
            }
            bar.stepTo(begun);
            trainer.run(report -> {
                count(report);
                bar.stepTo(trainer.stepsDone());
                if (trainer.stepsDone() % measureEvery == 0) {
                    save(metrics);
                }
            });
            if (trainer.stepsDone() > begun && trainer.stepsDone() % measureEvery != 0) {
                save(metrics);
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private void count(StepReport report) {
        lossSum += report.loss();
        lossCount++;
        pace.add(report);
    }

    private void save(MetricsCsv metrics) {
        try {
            Map<String, Double> means = heldOut.means();
            task.save(means);
            trainer.save(directory.resolve(CHECKPOINT));
            tell(means, metrics);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void tell(Map<String, Double> means, MetricsCsv metrics) throws IOException {
        Map<String, Double> figures = task.figures(means);
        Map<String, Number> row = new LinkedHashMap<>();
        row.put("step", trainer.stepsDone());
        row.put("loss", lossSum / lossCount);
        means.forEach((name, mean) -> row.put("held-out " + name, mean));
        row.putAll(figures);
        row.put("seconds per step", pace.seconds());
        row.put("data seconds", pace.dataSeconds());
        row.put("network seconds", pace.networkSeconds());
        metrics.append(row);
        out.println(line(figures));
        lossSum = 0;
        lossCount = 0;
    }

    private String line(Map<String, Double> figures) {
        StringBuilder line = new StringBuilder("step " + trainer.stepsDone() + " of " + config.steps());
        figures.forEach((name, figure) -> line.append(String.format(Locale.ROOT, ", %s %.4f", name, figure)));
        if (pace.isKnown()) {
            double hours = pace.seconds() * (config.steps() - trainer.stepsDone()) / SECONDS_PER_HOUR;
            line.append(String.format(
                    Locale.ROOT,
                    ", loss %.4f; %.2f steps a second, %.2f hours left",
                    lossSum / lossCount,
                    1 / pace.seconds(),
                    hours));
        }
        return line.toString();
    }
}
