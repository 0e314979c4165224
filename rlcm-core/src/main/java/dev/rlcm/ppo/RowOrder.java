package dev.rlcm.ppo;

import dev.rlcm.random.RandomStreams;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The order in which an update visits the trajectories of a rollout, or the pairs of them that an {@link Objective}
 * compares. Consecutive ones share an optimiser step, as many as {@link PpoConfig#trajectoriesPerStep} says, so the order
 * decides which trajectories are averaged with which. A host's own order should override {@code toString}, by which
 * checkpoints tell it from others.
 */
@FunctionalInterface
public interface RowOrder {
    /**
     * The order of one pass.
     *
     * @param trajectories the number of trajectories, or of pairs
     * @param innerEpoch the pass, from 0
     * @param random the update's streams, the same for all of its passes
     * @return indices in [0, trajectories), at least one; one may be missing or stand several times
     */
    int[] order(int trajectories, int innerEpoch, RandomStreams random);

    /**
     * The order of one pass, which may depend on the update. This is what optimisers call.
     *
     * @param update how many updates the optimiser has done before this one, those before a restored checkpoint included
     */
    default int[] order(int trajectories, long update, int innerEpoch, RandomStreams random) {
        return order(trajectories, innerEpoch, random);
    }

    /** A new random permutation in every pass: the default. */
    static RowOrder shuffled() {
        return named(
                "shuffled", (n, innerEpoch, random) -> random.at(innerEpoch).permutation(n));
    }

    /** A random permutation that all passes of an update share, so that they see the same minibatches. */
    static RowOrder shuffledOnce() {
        return named("shuffledOnce", (n, innerEpoch, random) -> random.at(0).permutation(n));
    }

    /** As they were sampled. */
    static RowOrder asSampled() {
        return named(
                "asSampled", (n, innerEpoch, random) -> IntStream.range(0, n).toArray());
    }

    /**
     * The given order in every pass, for replaying the run of another implementation.
     *
     * @param order as {@link #order} returns it; copied
     */
    static RowOrder given(int... order) {
        int[] copy = order.clone();
        return named("given" + Arrays.toString(copy), (n, innerEpoch, random) -> copy.clone());
    }

    /**
     * The orders of a recorded run, for replaying it.
     *
     * @param orders for each update, for each of its passes, what {@link #order} returns
     */
    static RowOrder recorded(List<List<int[]>> orders) {
        return new RecordedOrder(orders);
    }

    private static RowOrder named(String name, RowOrder order) {
        return new RowOrder() {
            @Override
            public int[] order(int trajectories, int innerEpoch, RandomStreams random) {
                return order.order(trajectories, innerEpoch, random);
            }

            @Override
            public String toString() {
                return name;
            }
        };
    }
}
