package dev.rlcm.examples.compare;

/**
 * One run of a comparison.
 *
 * @param steps network evaluations of a trajectory, the paper's horizon; with guidance that is not distilled, twice as many
 * @param learningRate at the first epoch
 */
public record Contender(Method method, int steps, double learningRate) {
    /** Such as {@code RLCM, 4 steps}. */
    String name() {
        return method + ", " + steps + (steps == 1 ? " step" : " steps");
    }
}
