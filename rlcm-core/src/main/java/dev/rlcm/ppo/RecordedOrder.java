package dev.rlcm.ppo;

import dev.rlcm.random.RandomStreams;
import java.util.Arrays;
import java.util.List;

/** See {@link RowOrder#recorded}. */
final class RecordedOrder implements RowOrder {
    private final List<List<int[]>> orders;

    RecordedOrder(List<List<int[]>> orders) {
        this.orders = orders.stream()
                .map(passes -> passes.stream().map(int[]::clone).toList())
                .toList();
    }

    @Override
    public int[] order(int trajectories, long update, int innerEpoch, RandomStreams random) {
        if (update >= orders.size() || innerEpoch >= orders.get((int) update).size()) {
            throw new IllegalArgumentException(
                    "no order was recorded for pass " + innerEpoch + " of update " + update + ", both counted from 0");
        }
        return orders.get((int) update).get(innerEpoch).clone();
    }

    /** That of the first update. */
    @Override
    public int[] order(int trajectories, int innerEpoch, RandomStreams random) {
        return order(trajectories, 0, innerEpoch, random);
    }

    @Override
    public String toString() {
        return "recorded"
                + orders.stream()
                        .map(passes -> passes.stream().map(Arrays::toString).toList())
                        .toList();
    }
}
