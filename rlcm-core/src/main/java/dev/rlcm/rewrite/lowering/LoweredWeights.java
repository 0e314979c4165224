package dev.rlcm.rewrite.lowering;

import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.function.Supplier;

/**
 * Where a lowered graph takes its weights from. A graph that will run has the model's weights and computes others from
 * them; a graph that is only looked at can have stand-ins for both. Implementations need not be thread-safe.
 */
public interface LoweredWeights {
    /**
     * The model's own weight in the graph whose constants are folded.
     *
     * @param constant any constant of the graph
     * @return the constant, or a value of its type and shape
     */
    Value own(Value constant);

    /**
     * A weight that is made from one of the model's, such as a rotated kernel.
     *
     * @param constant the model's weight
     * @param shape of the result; its type is the constant's
     * @param data computes the result
     * @return a value of the type and shape
     */
    Value derived(Value constant, Shape shape, Supplier<TensorData> data);

    /** The real weights. */
    static LoweredWeights computed() {
        return new LoweredWeights() {
            @Override
            public Value own(Value constant) {
                return constant;
            }

            @Override
            public Value derived(Value constant, Shape shape, Supplier<TensorData> data) {
                return Value.constant(data.get());
            }
        };
    }
}
