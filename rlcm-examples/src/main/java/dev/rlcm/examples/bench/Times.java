package dev.rlcm.examples.bench;

import java.util.ArrayList;
import java.util.List;

/** Durations of the same work: the shortest is that of a quiet machine, the median what to expect. */
final class Times {
    private final List<Long> nanos = new ArrayList<>();

    void add(long duration) {
        nanos.add(duration);
    }

    double shortestMillis() {
        return sorted().get(0) * 1e-6;
    }

    double medianMillis() {
        return sorted().get(nanos.size() / 2) * 1e-6;
    }

    private List<Long> sorted() {
        return nanos.stream().sorted().toList();
    }
}
