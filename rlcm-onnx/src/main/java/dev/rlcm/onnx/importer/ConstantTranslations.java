package dev.rlcm.onnx.importer;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.format.OnnxTypes;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Operators whose results are known at import because shapes are static. */
final class ConstantTranslations {
    /** Elements of a constant that import computes itself; beyond any shape arithmetic or position table. */
    static final long MAX_GENERATED = 1 << 26;

    private ConstantTranslations() {}

    static void register(OperatorTable table) {
        table.row("Constant", ConstantTranslations::constant)
                .row("ConstantOfShape", ConstantTranslations::constantOfShape)
                .row("Shape", ConstantTranslations::shape)
                .row(
                        "Size",
                        node -> Value.constant(TensorData.longs(
                                Shape.SCALAR, node.in(0).shape().size())))
                .row("Range", ConstantTranslations::range)
                .row("NonZero", ConstantTranslations::nonZero)
                .row("EyeLike", ConstantTranslations::eyeLike)
                .rows("", "Dropout", ConstantTranslations::dropout);
    }

    /** Allocates only what import may reasonably generate. */
    static TensorData zeros(DataType type, Shape shape) {
        if (shape.size() > MAX_GENERATED) {
            throw new GraphException("would generate a constant of " + shape.size() + " elements, at most "
                    + MAX_GENERATED + " are allowed; store it as an initializer");
        }
        return TensorData.zeros(type, shape);
    }

    /** 0, 1, ..., n-1. */
    static Value iota(int n) {
        TensorData indices = zeros(DataType.INT64, Shape.of(n));
        for (int i = 0; i < n; i++) {
            indices.setLong(i, i);
        }
        return Value.constant(indices);
    }

    private static Value constant(OnnxNode node) {
        if (node.hasAttribute("value")) {
            return Value.constant(node.tensor("value"));
        }
        if (node.hasAttribute("value_int")) {
            return Value.constant(TensorData.longs(Shape.SCALAR, node.longInteger("value_int", 0)));
        }
        if (node.hasAttribute("value_float")) {
            return Value.scalar(DataType.FLOAT32, node.real("value_float", 0));
        }
        if (node.hasAttribute("value_ints")) {
            long[] values = node.longInts("value_ints");
            return Value.constant(TensorData.longs(Shape.of(values.length), values));
        }
        if (node.hasAttribute("value_floats")) {
            double[] values = node.reals("value_floats");
            return Value.constant(TensorData.generate(DataType.FLOAT32, Shape.of(values.length), i -> values[i]));
        }
        throw new GraphException(
                "holds neither a dense tensor nor numbers; strings and sparse tensors are unsupported");
    }

    /** A scalar and an Expand, so that a large tensor of one number takes no memory. */
    private static Value constantOfShape(OnnxNode node) {
        Value element = node.hasAttribute("value")
                ? Value.constant(node.tensor("value")).reshape(Shape.SCALAR)
                : Value.scalar(DataType.FLOAT32, 0);
        return element.expand(Shape.of(node.longs(0)));
    }

    /** Start and end exist from opset 15 on. */
    private static Value shape(OnnxNode node) {
        long[] dims = node.in(0).shape().toLongs();
        int start = clamp(node.integer("start", 0), dims.length);
        int end = clamp(node.integer("end", dims.length), dims.length);
        long[] part = Arrays.copyOfRange(dims, start, Math.max(start, end));
        return Value.constant(TensorData.longs(Shape.of(part.length), part));
    }

    private static int clamp(int axis, int rank) {
        return Math.max(0, Math.min(rank, axis < 0 ? axis + rank : axis));
    }

    private static Value range(OnnxNode node) {
        double start = node.scalar(0);
        double step = node.scalar(2);
        double count = Math.max(0, Math.ceil((node.scalar(1) - start) / step));
        if (Double.isNaN(count) || count > MAX_GENERATED) {
            throw new GraphException("has " + count + " elements");
        }
        DataType type = node.in(0).type();
        return Value.constant(TensorData.generate(type, Shape.of((int) count), i -> start + i * step));
    }

    private static Value nonZero(OnnxNode node) {
        TensorData data = node.constant(0);
        long[] strides = data.shape().strides();
        int rank = data.shape().rank();
        int[] hits = IntStream.range(0, data.size())
                .filter(i -> data.getDouble(i) != 0)
                .toArray();
        TensorData result = zeros(DataType.INT64, Shape.of(rank, hits.length));
        for (int axis = 0; axis < rank; axis++) {
            for (int i = 0; i < hits.length; i++) {
                result.setLong(
                        axis * hits.length + i,
                        hits[i] / strides[axis] % data.shape().dim(axis));
            }
        }
        return Value.constant(result);
    }

    private static Value eyeLike(OnnxNode node) {
        Value like = node.in(0);
        DataType type = node.hasAttribute("dtype") ? OnnxTypes.fromOnnx(node.integer("dtype", 1)) : like.type();
        if (like.rank() != 2) {
            throw new GraphException("needs a matrix, got " + like.shape());
        }
        TensorData eye = zeros(type, like.shape());
        int k = node.integer("k", 0);
        for (int row = Math.max(0, -k); row < like.dim(0) && row + k < like.dim(1); row++) {
            eye.setDouble(row * like.dim(1) + row + k, 1);
        }
        return Value.constant(eye);
    }

    /** The identity, as in inference. */
    private static List<Value> dropout(OnnxNode node) {
        boolean trains = node.has(2) && node.scalar(2) != 0;
        if (trains && !(node.has(1) && node.in(1).isConstant(0))) {
            throw new GraphException("is in training mode; export the model for inference");
        }
        Value x = node.in(0);
        return List.of(x, Value.scalar(DataType.BOOL, 1).expand(x.shape()));
    }
}
