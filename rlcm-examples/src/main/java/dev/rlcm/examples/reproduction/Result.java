package dev.rlcm.examples.reproduction;

import dev.rlcm.examples.options.Task;
import dev.rlcm.examples.reproduction.TrialRecord.Budget;
import dev.rlcm.examples.reproduction.TrialRecord.Point;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * What became of a contender on a task.
 *
 * @param trials finished, one for each seed, at least one
 */
record Result(Task task, Contender contender, List<TrialRecord> trials) {
    Result {
        trials = List.copyOf(trials);
    }

    int seeds() {
        return trials.size();
    }

    /** A number of the evaluation before training. */
    Spread before(ToDoubleFunction<Point> number) {
        return Spread.of(trials, trial -> number.applyAsDouble(trial.points().get(0)));
    }

    /** A number of the evaluation after training. */
    Spread after(ToDoubleFunction<Point> number) {
        return Spread.of(trials, trial -> number.applyAsDouble(trial.last()));
    }

    /** How far a number has come. */
    Spread change(ToDoubleFunction<Point> number) {
        return Spread.of(
                trials,
                trial -> number.applyAsDouble(trial.last())
                        - number.applyAsDouble(trial.points().get(0)));
    }

    /** How far the reward has come for each thousand, or whatever unit, of what was spent. */
    Spread rate(ToDoubleFunction<Point> spent, double unit) {
        return Spread.of(trials, trial -> {
            double cost = spent.applyAsDouble(trial.last());
            return cost == 0
                    ? 0
                    : unit * (trial.last().seen() - trial.points().get(0).seen()) / cost;
        });
    }

    /** How many seeds diverged; their last evaluation before is what counts. */
    int failures() {
        return (int) trials.stream().filter(TrialRecord::hasFailed).count();
    }

    /** At each evaluation that all seeds have come to, over the seeds. */
    List<Spread> course(ToDoubleFunction<Point> number) {
        int length =
                trials.stream().mapToInt(trial -> trial.points().size()).min().orElseThrow();
        return IntStream.range(0, length)
                .mapToObj(i -> Spread.of(
                        trials, trial -> number.applyAsDouble(trial.points().get(i))))
                .toList();
    }

    /** With each number of steps, over the seeds that were trained; empty if none was. */
    List<Spread> budgets(ToDoubleFunction<Budget> number) {
        List<TrialRecord> trained = trained();
        return trained.isEmpty()
                ? List.of()
                : IntStream.range(0, trained.get(0).budgets().size())
                        .mapToObj(i -> Spread.of(
                                trained,
                                trial -> number.applyAsDouble(trial.budgets().get(i))))
                        .toList();
    }

    private List<TrialRecord> trained() {
        return trials.stream().filter(TrialRecord::isTrained).toList();
    }

    /** Milliseconds to sample a picture with the contender's own number of steps, if any seed was trained. */
    Optional<Spread> millisPerPicture() {
        List<Double> millis = trained().stream()
                .flatMap(trial -> trial.budgets().stream())
                .filter(budget -> budget.steps() == contender.steps())
                .map(Budget::millis)
                .toList();
        return millis.isEmpty() ? Optional.empty() : Optional.of(Spread.of(millis, Double::doubleValue));
    }

    /** The seconds of training after which the evaluated reward is first as high as that, of each seed that comes so far. */
    List<Double> secondsTo(double reward) {
        return trials.stream()
                .flatMap(trial -> trial.points().stream()
                        .filter(point -> point.seen() >= reward)
                        .map(Point::seconds)
                        .limit(1))
                .toList();
    }
}
