package dev.rlcm.onnx.exporter;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.Rewriter;
import java.util.HashMap;
import java.util.Map;

/**
 * Layer norms as instance norms, every row being a channel of its own: ONNX Runtime's kernel for the latter takes a fifth
 * of the time on CPUs, scale and bias included. FLOAT32 only, since it has no other.
 */
final class RowNorms {
    private final Map<Integer, Value> ones = new HashMap<>();
    private final Map<Integer, Value> zeros = new HashMap<>();

    private RowNorms() {}

    static Graph apply(Graph graph) {
        RowNorms norms = new RowNorms();
        return Rewriter.rewrite(graph, value -> isFaster(value) ? norms.byRows(value) : value);
    }

    private static boolean isFaster(Value value) {
        return value.is(Op.LAYER_NORM)
                && value.type() == DataType.FLOAT32
                && value.shape().size() > 0;
    }

    private Value byRows(Value norm) {
        Value x = norm.in(0);
        int length = 1;
        for (int axis = norm.attributes().integer("axis"); axis < x.rank(); axis++) {
            length *= x.dim(axis);
        }
        int rows = Math.toIntExact(x.shape().size() / length);
        Value normal = Value.of(
                        Op.INSTANCE_NORM,
                        Attributes.of("epsilon", norm.attributes().real("epsilon")),
                        x.reshape(1, rows, length),
                        ones.computeIfAbsent(rows, n -> filled(n, 1)),
                        zeros.computeIfAbsent(rows, n -> filled(n, 0)))
                .reshape(x.shape())
                .mul(norm.in(1));
        Value result = norm.inputs().size() == 3 ? normal.add(norm.in(2)) : normal;
        return Value.of(result.op(), result.attributes(), result.inputs(), norm.label());
    }

    private static Value filled(int length, float number) {
        return Value.constant(TensorData.generate(DataType.FLOAT32, Shape.of(length), i -> number));
    }
}
