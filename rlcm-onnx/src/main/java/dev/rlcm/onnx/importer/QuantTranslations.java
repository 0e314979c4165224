package dev.rlcm.onnx.importer;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.format.OnnxTypes;
import java.util.Arrays;
import java.util.List;

/**
 * Linear quantisation. A weight that is stored as integers becomes a real constant; what is quantised at run time is
 * rounded, and no gradient goes through that.
 */
final class QuantTranslations {
    private QuantTranslations() {}

    static void register(OperatorTable table) {
        table.row("QuantizeLinear", QuantTranslations::quantize)
                .row("DequantizeLinear", QuantTranslations::dequantize)
                .row("MatMulInteger", QuantTranslations::matMulInteger)
                .rows("", "DynamicQuantizeLinear", QuantTranslations::dynamic);
    }

    /** saturate(round(x / scale) + zero point). */
    private static Value quantize(OnnxNode node) {
        Value x = node.in(0);
        DataType type = node.has(2)
                ? node.in(2).type()
                : node.integer("output_dtype", 0) == 0
                        ? DataType.UINT8
                        : OnnxTypes.fromOnnx(node.integer("output_dtype", 0));
        Value scale = spread(node, node.in(1), x).cast(x.type());
        Value rounded = x.div(scale).unary(Op.ROUND);
        return saturated(node.has(2) ? rounded.add(spread(node, node.in(2), x).cast(x.type())) : rounded, type);
    }

    private static Value saturated(Value x, DataType type) {
        return switch (type) {
            case UINT8 -> x.clip(0, 255).cast(type);
            case INT8 -> x.clip(Byte.MIN_VALUE, Byte.MAX_VALUE).cast(type);
            case INT16 -> x.clip(Short.MIN_VALUE, Short.MAX_VALUE).cast(type);
            default -> throw new GraphException("cannot quantise to " + type);
        };
    }

    /** (x - zero point) scale, of the scale's type. */
    private static Value dequantize(OnnxNode node) {
        Value x = node.in(0);
        DataType type = node.integer("output_dtype", 0) == 0
                ? node.in(1).type()
                : OnnxTypes.fromOnnx(node.integer("output_dtype", 0));
        Value scale = spread(node, node.in(1), x).cast(type);
        Value real = x.cast(type);
        return (node.has(2) ? real.sub(spread(node, node.in(2), x).cast(type)) : real).mul(scale);
    }

    /** A parameter of the whole tensor, of each slice along an axis, or of each block along it, made to broadcast. */
    private static Value spread(OnnxNode node, Value parameter, Value x) {
        if (parameter.shape().size() == 1) {
            return parameter.reshape(Shape.SCALAR);
        }
        int axis = OnnxNode.axis(node.integer("axis", 1), x.rank());
        int block = node.integer("block_size", 0);
        if (block == 0) {
            int[] dims = new int[x.rank()];
            Arrays.fill(dims, 1);
            dims[axis] = parameter.dim(0);
            return parameter.reshape(dims);
        }
        int[] dims = parameter.shape().toArray();
        int[] split = new int[dims.length + 1];
        System.arraycopy(dims, 0, split, 0, axis + 1);
        System.arraycopy(dims, axis + 1, split, axis + 2, dims.length - axis - 1);
        split[axis + 1] = 1;
        int[] repeated = split.clone();
        repeated[axis + 1] = block;
        dims[axis] *= block;
        return parameter.reshape(split).expand(Shape.of(repeated)).reshape(dims).slice(axis, 0, x.dim(axis));
    }

    /** (A - a)(B - b) in 32 bits; the zero point of A may be one per row. */
    private static Value matMulInteger(OnnxNode node) {
        Value a = node.in(0).cast(DataType.INT32);
        Value b = node.in(1).cast(DataType.INT32);
        if (node.has(2)) {
            Value zero = node.in(2).cast(DataType.INT32);
            a = a.sub(zero.rank() == 1 && zero.dim(0) > 1 ? zero.reshape(zero.dim(0), 1) : zero);
        }
        if (node.has(3)) {
            b = b.sub(node.in(3).cast(DataType.INT32));
        }
        return MatrixTranslations.matmul(node, a, b, false, false);
    }

    /** To UINT8 with the range of the data and 0; results are the integers, the scale and the zero point. */
    private static List<Value> dynamic(OnnxNode node) {
        Value x = node.in(0);
        int[] all = ReductionTranslations.axesFrom(0, x.rank());
        Value low = x.reduce(Op.REDUCE_MIN, false, all).min(x.like(0));
        Value high = x.reduceMax(false, all).max(x.like(0));
        Value range = high.sub(low).div(255);
        Value scale = range.equal(range.like(0)).where(range.like(1), range);
        Value zero = low.neg().div(scale).clip(0, 255).unary(Op.ROUND);
        Value quantised = saturated(x.div(scale).unary(Op.ROUND).add(zero), DataType.UINT8);
        return List.of(quantised, scale, zero.cast(DataType.UINT8));
    }
}
