package dev.rlcm.ppo;

import dev.rlcm.graph.TensorData;
import dev.rlcm.policy.Transition;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Watches an update from within, to compare it with another implementation or to find out where it goes wrong. Called on the
 * updating thread; what it throws ends the update, which is then taken back.
 */
public interface UpdateObserver {
    /** Sees nothing. */
    UpdateObserver NONE = new UpdateObserver() {};

    /** After every run of the graph, before its gradients are added up. */
    default void onMinibatch(Minibatch minibatch) {}

    /** After every optimiser step. */
    default void onStep(Step step) {}

    /**
     * One run of the graph.
     *
     * @param innerEpoch from 0
     * @param step the optimiser step within the update, from 0
     * @param transitions its rows, B of them
     * @param logProbs log pi_theta of each, [B]
     * @param loss the rows' share in the mean loss of the step: the sum over the minibatches of a step is that mean
     * @param gradient the rows' share in the step's gradient, by parameter. Copies at every call; to be called before the
     *     observer returns
     */
    record Minibatch(
            int innerEpoch,
            int step,
            List<Transition> transitions,
            double[] logProbs,
            double loss,
            Supplier<Map<String, TensorData>> gradient) {}

    /**
     * One optimiser step.
     *
     * @param innerEpoch from 0
     * @param step within the update, from 0
     * @param applied false if the loss or a gradient was not finite, so that the step was skipped
     * @param loss mean over its transitions
     * @param gradNorm the global norm before clipping
     * @param gradient the mean gradient as the optimiser saw it, clipped, by parameter. Copies at every call; to be called
     *     before the observer returns
     */
    record Step(
            int innerEpoch,
            int step,
            boolean applied,
            double loss,
            double gradNorm,
            Supplier<Map<String, TensorData>> gradient) {}
}
