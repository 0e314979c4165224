package dev.rlcm.ppo;

import dev.rlcm.policy.Transition;
import java.util.Optional;

/**
 * A row of a minibatch, as {@link RowEvaluator} takes it.
 *
 * @param oldLogProb log pi_old of the transition, what its ratio is measured against
 * @param advantage clamped. While an optimiser step is taken on pairs, it holds what the step multiplies the row's score with
 * @param oldMean the mean under the policy as it was, where a loss needs it
 */
public record Row(Transition transition, double oldLogProb, double advantage, Optional<float[]> oldMean) {
    /** A row whose loss needs no old mean. */
    public Row(Transition transition, double oldLogProb, double advantage) {
        this(transition, oldLogProb, advantage, Optional.empty());
    }

    Row withOldLogProb(double value) {
        return new Row(transition, value, advantage, oldMean);
    }

    Row withAdvantage(double value) {
        return new Row(transition, oldLogProb, value, oldMean);
    }

    Row withOldMean(float[] value) {
        return new Row(transition, oldLogProb, advantage, Optional.of(value));
    }
}
