package dev.rlcm.examples.reproduction;

import dev.rlcm.examples.options.Task;
import dev.rlcm.examples.reproduction.TrialRecord.Point;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** The rows of the report's tables. */
final class Tables {
    private Tables() {}

    /** Both sides of the paper on every task that both were trained for. */
    static List<Map<String, Object>> comparisons(Findings findings) {
        List<Map<String, Object>> rows = new ArrayList<>();
        for (Task task : findings.tasks()) {
            Optional<Result> rlcm = findings.method(task, Method.RLCM);
            Optional<Result> ddpo = findings.method(task, Method.DDPO);
            if (rlcm.isPresent() && ddpo.isPresent()) {
                rows.add(comparison(task, rlcm.get(), ddpo.get()));
            }
        }
        return rows;
    }

    private static Map<String, Object> comparison(Task task, Result rlcm, Result ddpo) {
        List<Double> reached = rlcm.secondsTo(ddpo.after(Point::seen).mean());
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("task", task.toString());
        row.put("DDPO, reward", arrow(ddpo));
        row.put("DDPO, seconds", ddpo.after(Point::seconds).toString());
        row.put("RLCM, reward", arrow(rlcm));
        row.put("RLCM, seconds", rlcm.after(Point::seconds).toString());
        row.put(
                "RLCM is where DDPO ends after (s)",
                reached.isEmpty()
                        ? "never"
                        : Spread.of(reached, Double::doubleValue).toString());
        row.put("in seeds", reached.size() + " of " + rlcm.seeds());
        row.put("DDPO, ms a picture", ddpo.millisPerPicture().orElseThrow().toString());
        row.put("RLCM, ms a picture", rlcm.millisPerPicture().orElseThrow().toString());
        return row;
    }

    private static String arrow(Result result) {
        return String.format(
                Locale.ROOT, "%.3f to %s", result.before(Point::seen).mean(), result.after(Point::seen));
    }

    /** What became of a contender. */
    static Map<String, Object> result(Result result) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("task", result.task().toString());
        row.put("method", result.contender().name());
        row.put("seeds", result.seeds());
        row.put("before", result.before(Point::seen).toString());
        row.put("after", result.after(Point::seen).toString());
        row.put("unseen before", result.before(Point::unseen).toString());
        row.put("unseen after", result.after(Point::unseen).toString());
        row.put("CLIPScore before", result.before(Point::clipScore).toString());
        row.put("CLIPScore after", result.after(Point::clipScore).toString());
        row.put("pictures", Math.round(result.after(Point::pictures).mean()));
        row.put("seconds", result.after(Point::seconds).toString());
        row.put("ms a picture", result.millisPerPicture().map(Spread::toString).orElse("diverged"));
        return row;
    }

    /**
     * What an algorithm gains.
     *
     * @param byPictures its rank by the gain for a picture, from 1
     * @param byTime by the gain for a minute
     */
    static Map<String, Object> algorithm(Result result, int byPictures, int byTime) {
        Spread gain = result.change(Point::seen);
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("algorithm", result.contender().name());
        row.put("seeds", result.seeds());
        row.put("settings", settings(result.contender()));
        row.put("before", result.before(Point::seen).toString());
        row.put("after", result.after(Point::seen).toString());
        row.put("gain", gain.toString());
        row.put("gain per 1000 pictures", result.rate(Point::pictures, 1000).toString());
        row.put("rank by pictures", byPictures);
        row.put("gain per minute", result.rate(Point::seconds, 60).toString());
        row.put("rank by time", byTime);
        row.put("gain on unseen prompts", result.change(Point::unseen).toString());
        row.put("diverged", result.failures());
        return row;
    }

    /** A run of a sweep. */
    static Map<String, Object> sweep(Result result) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("task", result.task().toString());
        row.put("method", result.contender().method().toString());
        row.put("settings", settings(result.contender()));
        row.put("pictures", Math.round(result.after(Point::pictures).mean()));
        row.put("before", result.before(Point::seen).mean());
        row.put("after", result.after(Point::seen).mean());
        row.put("diverged", result.failures());
        return row;
    }

    private static String settings(Contender contender) {
        return String.join(" ", contender.options()).replace("--", "");
    }
}
