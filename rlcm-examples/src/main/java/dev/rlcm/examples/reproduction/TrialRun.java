package dev.rlcm.examples.reproduction;

import dev.rlcm.examples.reproduction.TrialEvaluator.Evaluated;
import dev.rlcm.examples.reproduction.TrialRecord.Point;
import dev.rlcm.examples.run.EpochMetrics;
import dev.rlcm.examples.run.Runs;
import dev.rlcm.train.EpochReport;
import dev.rlcm.train.Trainer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.function.Supplier;
import me.tongfei.progressbar.ProgressBar;

/** The training of a trial, evaluated as it goes, and resumed where its last evaluation was. */
final class TrialRun {
    /** Whose pictures are kept. */
    static final long SHOWN_SEED = 1;

    private final Trial trial;
    private final Path folder;
    private final TrialEvaluator evaluator;
    private final Supplier<Evaluated> base;
    private TrialRecord record;
    private long pictures;
    private double seconds;

    /**
     * @param base of the untrained policy
     * @param record what is known; without points if the trial begins
     */
    TrialRun(Trial trial, Path folder, TrialEvaluator evaluator, Supplier<Evaluated> base, TrialRecord record) {
        this.trial = trial;
        this.folder = folder;
        this.evaluator = evaluator;
        this.base = base;
        this.record = record;
        if (!record.points().isEmpty()) {
            pictures = record.last().pictures();
            seconds = record.last().seconds();
        }
    }

    static Path recordIn(Path folder) {
        return folder.resolve("record.json");
    }

    static Path checkpointIn(Path folder) {
        return folder.resolve("checkpoint.safetensors");
    }

    /** Trains until all epochs are done, the trainer is stopped or the policy diverges. */
    TrialRecord execute(Trainer trainer) throws IOException, InterruptedException {
        if (record.points().isEmpty()) {
            Evaluated untrained = base.get();
            show(TrialPictures.BEFORE, untrained);
            know(record.with(point(0, untrained)));
        }
        try (ProgressBar bar = Runs.bar(trial.toString(), trial.contender().epochs())) {
            bar.stepTo(trainer.epochsDone());
            trainer.run(report -> onEpoch(report, trainer, bar));
        } catch (IllegalArgumentException e) {
            if (trainer.epochsDone() == 0) {
                throw e; // of settings; later ones are of what training has come to
            }
            know(record.failed(String.valueOf(e.getMessage())));
        }
        return record;
    }

    private void onEpoch(EpochReport report, Trainer trainer, ProgressBar bar) {
        int done = report.epoch() + 1;
        pictures += report.rollout().size();
        seconds += report.totalTime().toNanos() * 1e-9;
        bar.setExtraMessage(EpochMetrics.summary(report));
        bar.stepTo(done);
        if (done % trial.contender().evaluateEvery() == 0
                || done == trial.contender().epochs()) {
            try {
                Evaluated now = evaluator.evaluate();
                show(TrialPictures.AFTER, now);
                know(record.with(point(done, now)));
                trainer.save(checkpointIn(folder)); // Last: what is known beyond the checkpoint is dropped on resuming.
            } catch (IOException e) {
                throw new UncheckedIOException("cannot write to " + folder + ": " + e.getMessage(), e);
            }
        }
    }

    private void show(String when, Evaluated evaluated) throws IOException {
        if (trial.seed() == SHOWN_SEED) {
            TrialPictures.write(folder, when, evaluated.seen());
        }
    }

    private Point point(int epochs, Evaluated evaluated) {
        return new Point(
                epochs,
                pictures,
                seconds,
                evaluated.seen().reward(),
                evaluated.unseen().reward(),
                evaluated.clipScore());
    }

    private void know(TrialRecord more) throws IOException {
        record = more;
        record.write(recordIn(folder));
    }
}
