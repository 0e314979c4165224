package dev.rlcm.examples.reproduction;

import dev.rlcm.examples.options.Task;
import dev.rlcm.examples.reproduction.TrialRecord.Point;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/** The rows of the report's tables. */
final class Tables {
    private Tables() {}

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
        row.put("pictures", result.after(Point::pictures).mean());
        row.put("seconds", result.after(Point::seconds).toString());
        row.put("ms a picture", result.millisPerPicture().map(Spread::toString).orElse("diverged"));
        return row;
    }

    /** What an algorithm gains. */
    static Map<String, Object> algorithm(Result result) {
        Spread gain = result.change(Point::seen);
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("algorithm", result.contender().name());
        row.put("seeds", result.seeds());
        row.put("settings", settings(result.contender()));
        row.put("before", result.before(Point::seen).toString());
        row.put("after", result.after(Point::seen).toString());
        row.put("gain", gain.toString());
        row.put("gain per 1000 pictures", result.rate(Point::pictures, 1000).toString());
        row.put("gain per minute", result.rate(Point::seconds, 60).toString());
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
        row.put("pictures", result.after(Point::pictures).mean());
        row.put("before", result.before(Point::seen).mean());
        row.put("after", result.after(Point::seen).mean());
        row.put("diverged", result.failures());
        return row;
    }

    private static String settings(Contender contender) {
        return String.join(" ", contender.options()).replace("--", "");
    }

    /** The paper's claims on a task beside what was measured. */
    static List<Map<String, Object>> claims(List<Result> methods) {
        List<Map<String, Object>> rows = new ArrayList<>();
        for (Task task : methods.stream().map(Result::task).distinct().toList()) {
            Optional<Result> rlcm = first(methods, task, Method.RLCM);
            Optional<Result> ddpo = first(methods, task, Method.DDPO);
            if (rlcm.isPresent() && ddpo.isPresent()) {
                rows.add(claim(task, rlcm.get(), ddpo.get()));
            }
        }
        return rows;
    }

    private static Optional<Result> first(List<Result> results, Task task, Method method) {
        return results.stream()
                .filter(result -> result.task() == task
                        && result.contender().method() == method
                        && result.millisPerPicture().isPresent())
                .findFirst();
    }

    private static Map<String, Object> claim(Task task, Result rlcm, Result ddpo) {
        double reached = ddpo.after(Point::seen).mean();
        double seconds = ddpo.after(Point::seconds).mean();
        OptionalDouble needed = rlcm.secondsTo(reached);
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("task", task.toString());
        row.put("DDPO ends at", ddpo.after(Point::seen).toString());
        row.put("after (s)", seconds);
        row.put("RLCM is there after (s)", needed.isPresent() ? number(needed.getAsDouble()) : "never");
        row.put("times faster (paper: up to 17)", faster(seconds, needed));
        double share = rlcm.millisPerPicture().orElseThrow().mean()
                / ddpo.millisPerPicture().orElseThrow().mean();
        row.put("RLCM's share of the time for a picture (paper: a quarter)", number(share));
        return row;
    }

    private static String faster(double seconds, OptionalDouble needed) {
        if (needed.isEmpty()) {
            return "";
        }
        return needed.getAsDouble() == 0 ? "untrained" : number(seconds / needed.getAsDouble());
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.2f", value);
    }
}
