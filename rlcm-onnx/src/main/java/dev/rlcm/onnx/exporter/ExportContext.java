package dev.rlcm.onnx.exporter;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;

/** The model being written: unique names, initializers and nodes. */
final class ExportContext {
    /** Helper constants up to this many bytes are shared by content. */
    private static final int SHARED_BYTES = 1024;

    private record Content(Object type, Object shape, ByteBuffer bytes) {}

    private final GraphProto.Builder graph = GraphProto.newBuilder().setName("rlcm");
    private final WeightStore weights;
    private final IdentityHashMap<Value, String> names = new IdentityHashMap<>();
    private final IdentityHashMap<Value, String> reserved = new IdentityHashMap<>();
    private final Map<Content, String> shared = new HashMap<>();
    private final Map<String, Integer> repetitions = new HashMap<>();
    private final Set<String> taken = new HashSet<>();

    ExportContext(WeightStore weights) {
        this.weights = weights;
    }

    GraphProto.Builder graph() {
        return graph;
    }

    /** Keeps a name for a graph input or output. */
    void take(String name) {
        taken.add(name);
    }

    /** Gives the value that name when it is defined. */
    void reserve(Value value, String name) {
        reserved.put(value, name);
    }

    /** A name that nothing has yet: the base, or the base and a number. */
    String fresh(String base) {
        String name = base;
        while (!taken.add(name)) {
            name = base + "_" + repetitions.merge(base, 1, Integer::sum);
        }
        return name;
    }

    String name(Value value) {
        String name = names.get(value);
        if (name == null) {
            throw new IllegalStateException("not exported yet: " + value);
        }
        return name;
    }

    /** Names a value that a node is about to yield. */
    String define(Value value) {
        String name = reserved.containsKey(value)
                ? reserved.get(value)
                : fresh(value.label().isEmpty() ? "v" + names.size() : value.label() + "_output_0");
        names.put(value, name);
        return name;
    }

    void defineInput(Value input) {
        names.put(input, input.label());
    }

    void defineConstant(Value constant) {
        names.put(
                constant,
                constant.label().isEmpty()
                        ? constant(constant.data())
                        : initializer(fresh(constant.label()), constant.data()));
    }

    /** An anonymous constant; small ones of equal content are one. */
    String constant(TensorData data) {
        if (data.bytes().remaining() > SHARED_BYTES) {
            return initializer(fresh("c"), data);
        }
        Content content = new Content(data.type(), data.shape(), data.bytes());
        return shared.computeIfAbsent(content, c -> initializer(fresh("c"), data));
    }

    private String initializer(String name, TensorData data) {
        weights.store(graph, name, data);
        return name;
    }

    void add(NodeProto node) {
        graph.addNode(node);
    }

    boolean isPlain(Value value) {
        return !value.is(Op.INPUT) && !value.is(Op.CONSTANT);
    }
}
