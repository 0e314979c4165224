package dev.rlcm.ppo;

import dev.rlcm.policy.Transition;

/**
 * A row of a minibatch.
 *
 * @param oldLogProb log pi_old of the transition, what its ratio is measured against
 * @param advantage clamped; of a row of a pair, while an optimiser step is taken, what the step multiplies its score with
 */
record Row(Transition transition, double oldLogProb, double advantage) {
    Row withOldLogProb(double value) {
        return new Row(transition, value, advantage);
    }

    Row withAdvantage(double value) {
        return new Row(transition, oldLogProb, value);
    }
}
