package dev.rlcm.examples.compare;

import dev.rlcm.examples.report.Curves;
import dev.rlcm.examples.report.RunReport;
import dev.rlcm.examples.run.Evaluator.Evaluation;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * What became of a contender.
 *
 * @param course the evaluations in order, the first before training, the last after it
 */
public record Outcome(Contender contender, Evaluation before, Evaluation after, List<Point> course) {
    /** An evaluation: the mean reward, and what had been spent until then. */
    record Point(Effort effort, double reward) {}

    /** All that was spent. */
    public Effort effort() {
        return course.get(course.size() - 1).effort();
    }

    double samplingMillisPerPicture() {
        return 1e3 * effort().samplingSeconds() / effort().pictures();
    }

    /** The rewards over what was spent. */
    List<Curves.Point> curve(ToDoubleFunction<Effort> spent) {
        return course.stream()
                .map(point -> new Curves.Point(spent.applyAsDouble(point.effort()), point.reward()))
                .toList();
    }

    double percentChange() {
        return RunReport.percentChange(before.mean(), after.mean());
    }

    /** The row of the report's table. */
    Map<String, Object> summary() {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("method", contender.name());
        row.put("before", before.mean());
        row.put("after", after.mean());
        row.put("change (%)", percentChange());
        row.put("pictures", effort().pictures());
        row.put("network evaluations", effort().evaluations());
        row.put("training (s)", effort().trainingSeconds());
        row.put("sampling (s)", effort().samplingSeconds());
        return row;
    }
}
