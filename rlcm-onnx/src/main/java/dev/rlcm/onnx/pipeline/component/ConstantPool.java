package dev.rlcm.onnx.pipeline.component;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.TensorType;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.Rewriter;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Lets several graphs of one network, for different batches, share their weights. Not thread-safe. */
public final class ConstantPool {
    private static final int WORTH_SHARING = 1024; // bytes
    private static final int PROBES = 64;

    private record Key(TensorType type, String label) {}

    private final Map<Key, List<Value>> known = new HashMap<>();

    /** The graph with every large constant replaced by the equal one seen first. */
    public Graph share(Graph graph) {
        return Rewriter.rewrite(graph, value -> value.is(Op.CONSTANT) ? canonical(value) : value);
    }

    private Value canonical(Value constant) {
        TensorData data = constant.data();
        ByteBuffer bytes = data.bytes();
        if (bytes.remaining() < WORTH_SHARING) {
            return constant;
        }
        Key key = new Key(new TensorType(data.type(), data.shape()), constant.label());
        List<Value> candidates = known.computeIfAbsent(key, k -> new ArrayList<>());
        for (Value candidate : candidates) {
            if (candidate == constant || equal(candidate.data().bytes(), bytes)) {
                return candidate;
            }
        }
        candidates.add(constant);
        return constant;
    }

    /**
     * Compares a few bytes first, since constants of one name and type may differ, and nothing at all of constants without a namesake:
     * every byte that is touched is a page of the model that is read.
     */
    private static boolean equal(ByteBuffer one, ByteBuffer other) {
        for (int i = 0; i < PROBES; i++) {
            int at = (int) ((long) i * (one.remaining() - 1) / (PROBES - 1));
            if (one.get(at) != other.get(at)) {
                return false;
            }
        }
        return one.equals(other);
    }
}
