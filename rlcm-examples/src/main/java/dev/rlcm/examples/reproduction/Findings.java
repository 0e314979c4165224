package dev.rlcm.examples.reproduction;

import dev.rlcm.examples.options.Task;
import java.util.List;
import java.util.Optional;

/**
 * What a study has found so far.
 *
 * @param sweeps runs of one seed that settings were chosen by
 * @param methods RLCM beside DDPO on every task
 * @param horizons RLCM with several horizons on one task
 * @param algorithms on one task
 * @param missing comparisons of which seeds are not done, in words
 */
record Findings(
        List<Result> sweeps,
        List<Result> methods,
        List<Result> horizons,
        List<Result> algorithms,
        List<String> missing) {
    /** Nothing yet. */
    static Findings none() {
        return new Findings(List.of(), List.of(), List.of(), List.of(), List.of());
    }

    /** Those of the methods, in the order in which they were compared. */
    List<Task> tasks() {
        return methods.stream().map(Result::task).distinct().toList();
    }

    /** The result of a method that stands for it in the claims, if it is known how long a picture takes. */
    Optional<Result> method(Task task, Method method) {
        return methods.stream()
                .filter(result -> result.task() == task
                        && result.contender().method() == method
                        && result.millisPerPicture().isPresent())
                .findFirst();
    }
}
