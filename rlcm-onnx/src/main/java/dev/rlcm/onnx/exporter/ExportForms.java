package dev.rlcm.onnx.exporter;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.format.OnnxTypes;
import java.util.List;
import java.util.stream.IntStream;

/** The rows of {@link ExportTable} that take more than a line. */
final class ExportForms {
    private ExportForms() {}

    /** ONNX's Mod with the divisor's sign is for integers; for reals x - floor(x / y) y. */
    static void mod(Emitter e) {
        if (e.value().type().isInteger()) {
            e.result("Mod", List.of(e.operands()));
            return;
        }
        String whole = e.node("Floor", List.of(e.node("Div", List.of(e.operands()))));
        e.result("Sub", List.of(e.in(0), e.node("Mul", List.of(whole, e.in(1)))));
    }

    /** ONNX Runtime has no cosine of FLOAT64 for CPUs, but a sine. */
    static void cos(Emitter e) {
        if (e.value().type() == DataType.FLOAT64) {
            e.result("Sin", List.of(e.node("Add", List.of(e.in(0), e.scalar(DataType.FLOAT64, Math.PI / 2)))));
        } else {
            e.result("Cos", List.of(e.operands()));
        }
    }

    /** A missing bound is an absent input. */
    static void clip(Emitter e) {
        Attributes a = e.value().attributes();
        e.result("Clip", List.of(e.in(0), bound(e, a.real("min")), bound(e, a.real("max"))));
    }

    private static String bound(Emitter e, double limit) {
        return Double.isInfinite(limit) ? "" : e.scalar(e.value().type(), limit);
    }

    static void slice(Emitter e) {
        Attributes a = e.value().attributes();
        int[] starts = a.ints("starts");
        int[] sizes = a.ints("sizes");
        int[] steps = a.ints("steps");
        Value x = e.value().in(0);
        int[] axes = IntStream.range(0, x.rank())
                .filter(i -> sizes[i] != x.dim(i) || steps[i] != 1)
                .toArray();
        long[] ends = IntStream.of(axes)
                .mapToLong(i -> starts[i] + (long) sizes[i] * steps[i])
                .map(end -> end < 0 ? Long.MIN_VALUE : end)
                .toArray();
        e.result(
                "Slice",
                List.of(
                        e.in(0),
                        e.ints(IntStream.of(axes).map(i -> starts[i]).toArray()),
                        e.longs(ends),
                        e.ints(axes),
                        e.ints(IntStream.of(axes).map(i -> steps[i]).toArray())));
    }

    static void pad(Emitter e) {
        Attributes a = e.value().attributes();
        List<String> inputs =
                List.of(e.in(0), e.ints(a.ints("pads")), e.scalar(e.value().type(), a.real("value")));
        e.result("Pad", inputs, OnnxAttributes.text("mode", a));
    }

    /** The ONNX operator has two results; this is the second. */
    static void topK(Emitter e) {
        Attributes a = e.value().attributes();
        e.secondResult(
                "TopK",
                List.of(e.in(0), e.ints(a.integer("k"))),
                OnnxAttributes.integer("axis", a),
                OnnxAttributes.flag("largest", a));
    }

    static void resize(Emitter e) {
        int[] factors = e.value().attributes().ints("scales");
        String scales = e.constant(TensorData.generate(DataType.FLOAT32, Shape.of(factors.length), i -> factors[i]));
        e.result(
                "Resize",
                List.of(e.in(0), "", scales),
                OnnxAttributes.text("mode", "nearest"),
                OnnxAttributes.text("coordinate_transformation_mode", "asymmetric"),
                OnnxAttributes.text("nearest_mode", "floor"));
    }

    /** Gemm takes the transposes of two matrices, others come first. */
    static void matmul(Emitter e) {
        boolean transA = e.value().attributes().flag("transA");
        boolean transB = e.value().attributes().flag("transB");
        boolean matrices = e.value().in(0).rank() == 2 && e.value().in(1).rank() == 2;
        if (!transA && !transB) {
            e.result("MatMul", List.of(e.operands()));
        } else if (matrices && e.value().type().isFloating()) {
            List<String> operands = List.of(e.operands());
            e.result("Gemm", operands, OnnxAttributes.flag("transA", transA), OnnxAttributes.flag("transB", transB));
        } else {
            e.result("MatMul", List.of(transA ? swapped(e, 0) : e.in(0), transB ? swapped(e, 1) : e.in(1)));
        }
    }

    /**
     * An axis added in front of x, and removed again: the axis to remove is given as 0 plus a zero that depends on y. That
     * moves nothing in memory, and nothing about it can be known before y is. The zero comes from a test for NaN, which an
     * infinite y does not spoil. (A reshape would do as well, if ONNX Runtime did not merge it with others.)
     */
    static void after(Emitter e) {
        String elements = e.node("Reshape", List.of(e.in(1), e.longs(-1)));
        String first = e.node("Slice", List.of(elements, e.longs(0), e.longs(1)));
        String bit = e.value().in(1).type().isFloating() ? e.node("IsNaN", List.of(first)) : first;
        String number = e.node("Cast", List.of(bit), OnnxAttributes.integer("to", OnnxTypes.toOnnx(DataType.INT64)));
        String axis = e.node("Mul", List.of(number, e.longs(0)));
        String deeper = e.node("Unsqueeze", List.of(e.in(0), e.longs(0)));
        e.result("Squeeze", List.of(deeper, axis));
        e.declareType();
    }

    private static String swapped(Emitter e, int operand) {
        int rank = e.value().in(operand).rank();
        int[] perm = IntStream.range(0, rank).toArray();
        perm[rank - 1] = rank - 2;
        perm[rank - 2] = rank - 1;
        return e.node("Transpose", List.of(e.in(operand)), OnnxAttributes.ints("perm", perm));
    }
}
