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

    private record Key(TensorType type, String label, int probe) {}

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
        Key key = new Key(new TensorType(data.type(), data.shape()), constant.label(), probe(bytes));
        List<Value> candidates = known.computeIfAbsent(key, k -> new ArrayList<>());
        for (Value candidate : candidates) {
            if (candidate.data().bytes().equals(bytes)) {
                return candidate;
            }
        }
        candidates.add(constant);
        return constant;
    }

    /** A hash of a few bytes, so that only likely equals are compared in full. */
    private static int probe(ByteBuffer bytes) {
        int hash = 1;
        for (int i = 0; i < PROBES; i++) {
            hash = 31 * hash + bytes.get((int) ((long) i * (bytes.remaining() - 1) / (PROBES - 1)));
        }
        return hash;
    }
}
