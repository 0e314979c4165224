package dev.rlcm.onnx;

import ai.onnxruntime.OnnxTensor;
import java.util.Collection;
import java.util.concurrent.atomic.AtomicReference;

/** Adds up the {@link Traffic} of the sessions of a backend. Thread-safe. */
final class TrafficCounter {
    private final AtomicReference<Traffic> total = new AtomicReference<>(Traffic.NONE);

    /** Counts a run that has succeeded. */
    void count(Collection<OnnxTensor> given, Collection<OnnxTensor> results) {
        Traffic run = new Traffic(1, given.size(), bytes(given), results.size(), bytes(results));
        total.accumulateAndGet(run, Traffic::plus);
    }

    Traffic total() {
        return total.get();
    }

    private static long bytes(Collection<OnnxTensor> tensors) {
        return tensors.stream().mapToLong(TrafficCounter::bytes).sum();
    }

    private static long bytes(OnnxTensor tensor) {
        return tensor.getInfo().getNumElements() * tensor.getInfo().type.size;
    }
}
