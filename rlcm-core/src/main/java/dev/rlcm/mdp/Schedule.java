package dev.rlcm.mdp;

import dev.rlcm.check.Check;
import java.util.List;

/**
 * What a trajectory does: x_0 = initialScale z, then one network evaluation and one transition per step.
 *
 * <p>The sample that is decoded and rewarded is what {@code decode} makes of the last evaluation. Usually that is the
 * last step itself. Immutable, thread-safe.
 *
 * @param steps the N transitions in order; only stochastic ones are actions
 * @param decode from the last evaluation to the rewarded sample: the last step itself, or a deterministic step with the
 *     same network input ({@link LastStep#REFERENCE})
 * @param initialScale the standard deviation of x_0
 */
public record Schedule(List<GaussianStep> steps, GaussianStep decode, double initialScale) {
    public Schedule {
        steps = List.copyOf(steps);
        Check.positive("initialScale", initialScale);
        GaussianStep last = last(steps);
        Check.that(
                decode.equals(last)
                        || (!decode.isStochastic()
                                && decode.timestep() == last.timestep()
                                && decode.inputScale() == last.inputScale()),
                "decode",
                "the last step, or deterministic with its network input " + last,
                decode);
    }

    /** A schedule whose rewarded sample is the state after its last step. */
    public Schedule(List<GaussianStep> steps, double initialScale) {
        this(steps, last(steps), initialScale);
    }

    private static GaussianStep last(List<GaussianStep> steps) {
        Check.that(!steps.isEmpty(), "steps", "at least one", steps);
        return steps.get(steps.size() - 1);
    }

    /** N: how often a trajectory evaluates the network. */
    public int evaluations() {
        return steps.size();
    }

    /** The index of the first stochastic step, 0 if there is none: where a trajectory's first state is. */
    public int firstAction() {
        return (int) steps.stream().takeWhile(step -> !step.isStochastic()).count() % steps.size();
    }

    /** How many of the steps are stochastic, and so are trained on. */
    public int actions() {
        return (int) steps.stream().filter(GaussianStep::isStochastic).count();
    }
}
