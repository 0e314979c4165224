package dev.rlcm.examples.compare;

import dev.rlcm.examples.report.MetricsCsv;
import dev.rlcm.examples.run.EpochMetrics;
import dev.rlcm.examples.run.Evaluator;
import dev.rlcm.examples.run.Evaluator.Evaluation;
import dev.rlcm.examples.run.Runs;
import dev.rlcm.train.EpochReport;
import dev.rlcm.train.Trainer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import me.tongfei.progressbar.ProgressBar;

/** Trains and evaluates one contender, and writes its rows of compare.csv as it goes. */
public final class ContenderRun {
    private final Contender contender;
    private final CompareOptions options;
    private final Evaluator evaluator;
    private final MetricsCsv csv;
    private final List<Outcome.Point> course = new ArrayList<>();
    private Effort effort = Effort.NONE;
    private Evaluation last;

    public ContenderRun(Contender contender, CompareOptions options, Evaluator evaluator, MetricsCsv csv) {
        this.contender = contender;
        this.options = options;
        this.evaluator = evaluator;
        this.csv = csv;
        this.last = evaluate();
    }

    private Evaluation evaluate() {
        last = evaluator.evaluate();
        course.add(new Outcome.Point(effort, last.reward()));
        return last;
    }

    /** Trains until all epochs are done or the trainer is stopped. */
    public Outcome execute(Trainer trainer) throws IOException, InterruptedException {
        Evaluation before = last;
        append(0, Double.NaN, before.reward());
        try (ProgressBar bar = Runs.bar(contender.name(), options.epochs)) {
            trainer.run(report -> onEpoch(report, bar));
        }
        if (course.get(course.size() - 1).effort() != effort) {
            evaluate();
        }
        return new Outcome(contender, before, last, List.copyOf(course));
    }

    private void onEpoch(EpochReport report, ProgressBar bar) {
        int done = report.epoch() + 1;
        effort = effort.plus(report, options.evaluationsPerPicture(contender));
        bar.setExtraMessage(EpochMetrics.summary(report));
        bar.stepTo(done);
        boolean due = done % options.evaluateEvery == 0 || done == options.epochs;
        try {
            append(done, report.rewardMean(), due ? evaluate().reward() : Double.NaN);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write compare.csv: " + e.getMessage(), e);
        }
    }

    private void append(int epochs, double reward, double evaluated) throws IOException {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("method", contender.method().name());
        row.put("horizon", contender.steps());
        row.put("epochs", epochs);
        row.put("reward_mean", reward);
        row.put("evaluated_mean", evaluated);
        row.put("pictures", effort.pictures());
        row.put("network_evaluations", effort.evaluations());
        row.put("training_s", effort.trainingSeconds());
        row.put("sampling_s", effort.samplingSeconds());
        csv.append(row);
    }
}
