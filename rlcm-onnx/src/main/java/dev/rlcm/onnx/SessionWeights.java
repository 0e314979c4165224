package dev.rlcm.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import dev.rlcm.backend.MemoryPolicy;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.exporter.WeightStore;
import dev.rlcm.onnx.format.OnnxTypes;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * How the constants of a graph get into a session. Small ones are part of its model. Of large ones ONNX Runtime makes a
 * copy when it compiles, laid out as its kernels like it best; where that takes too much memory they are fed as inputs at
 * every run instead, from where they are.
 */
public final class SessionWeights implements WeightStore {
    /** Constants up to this many bytes are part of the model: shapes, scalars, parameters of normalisations. */
    public static final int INLINE_BYTES = 1 << 16;

    /** Up to here, copies are hardly noticed, and not worth the time that doing without them costs. */
    private static final long SMALL_MODEL_BYTES = 1L << 26;

    /** From here on, copies that hardly make a run faster are not worth their memory, whatever the policy. */
    private static final long LARGE_MODEL_BYTES = 1L << 29;

    private final Map<String, TensorData> shared = new LinkedHashMap<>();
    private final Map<String, TensorData> fed = new LinkedHashMap<>();
    /** Matrices on the right of products, the only weights whose packed form makes much of a difference. */
    private final Set<TensorData> packable = Collections.newSetFromMap(new IdentityHashMap<>());

    private final MemoryPolicy policy;
    private final boolean mayFeed;

    /** @param mayFeed whether inputs need not be copied to a device at every run */
    SessionWeights(Graph graph, MemoryPolicy policy, boolean mayFeed) {
        this.policy = policy;
        long bytes = 0;
        for (Value value : graph.topologicalOrder()) {
            if (value.is(Op.CONSTANT)) {
                bytes += value.shape().size() * value.type().bytes();
            } else if (isPacked(value) && value.in(1).is(Op.CONSTANT)) {
                packable.add(value.in(1).data());
            }
        }
        this.mayFeed = mayFeed && feeds(policy, bytes);
    }

    /** Whether ONNX Runtime packs the right operand, if that is a weight; it does so for matrices, not for stacks of them. */
    public static boolean isPacked(Value product) {
        return product.is(Op.MATMUL) && product.in(1).rank() == 2;
    }

    /** Whether that many bytes of constants are fed where feeding costs nothing. */
    public static boolean feeds(MemoryPolicy policy, long bytes) {
        return switch (policy) {
            case FAST -> bytes > LARGE_MODEL_BYTES;
            case BALANCED -> bytes > SMALL_MODEL_BYTES;
            case SMALL -> true;
        };
    }

    @Override
    public void store(GraphProto.Builder graph, String name, TensorData data) {
        if (data.bytes().remaining() <= INLINE_BYTES) {
            graph.addInitializer(WeightStore.inlined(name, data));
        } else if (mayFeed && (policy != MemoryPolicy.FAST || !packable.contains(data))) {
            fed.put(name, data);
            graph.addInput(OnnxTypes.port(name, data.type(), data.shape()));
        } else {
            shared.put(name, data);
            graph.addInitializer(WeightStore.describe(name, data)
                    .setDataLocation(TensorProto.DataLocation.EXTERNAL)
                    .addExternalData(StringStringEntryProto.newBuilder()
                            .setKey("location")
                            .setValue("shared")));
        }
    }

    /** Whether weights are fed, so that rewriting them for a kernel's sake is out of the question. */
    public boolean feeds() {
        return mayFeed;
    }

    /** Initializers to be resolved by name when the session is created. */
    Map<String, TensorData> shared() {
        return shared;
    }

    /** What to feed at every run besides the graph's own inputs. */
    Map<String, TensorData> fed() {
        return fed;
    }
}
