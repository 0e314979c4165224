package dev.rlcm.compilation;

import dev.rlcm.backend.DerivedWeights;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.lowering.LoweredWeights;
import java.util.function.Supplier;

/**
 * The real weights, of which all graphs for a backend share one copy.
 *
 * @param derived the backend's
 */
record SharedWeights(DerivedWeights derived) implements LoweredWeights {
    @Override
    public Value own(Value constant) {
        return constant;
    }

    @Override
    public Value derived(Value weight, Object form, Shape shape, Supplier<TensorData> data) {
        return Value.constant(derived.of(weight.data(), form, data));
    }
}
