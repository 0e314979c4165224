package dev.rlcm.rewrite.lowering;

import dev.rlcm.graph.Op;
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
     * A weight that is made from another, such as a rotated kernel.
     *
     * @param weight the model's weight, or one that was made from it
     * @param form tells this weight from others that are made from the same one, by {@code equals}
     * @param shape of the result; its type is the weight's
     * @param data computes the result; not called for stand-ins
     * @return a value of the type and shape
     */
    Value derived(Value weight, Object form, Shape shape, Supplier<TensorData> data);

    /** Whether a value is a weight: a constant, or what stands for one. */
    default boolean isWeight(Value value) {
        return value.is(Op.CONSTANT);
    }

    /** The real weights, computed anew for every graph. */
    static LoweredWeights computed() {
        return new LoweredWeights() {
            @Override
            public Value own(Value constant) {
                return constant;
            }

            @Override
            public Value derived(Value weight, Object form, Shape shape, Supplier<TensorData> data) {
                return Value.constant(data.get());
            }
        };
    }
}
