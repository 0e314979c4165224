package dev.rlcm.onnx.importer;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.format.OnnxTypes;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Linear quantisation. A weight that is stored as integers becomes a real constant. What is quantised at run time is rounded,
 * and differentiated by the straight-through estimator (Bengio et al., arXiv:1308.3432), as in quantisation-aware training
 * (Jacob et al., arXiv:1712.05877): rounding has the gradient of the identity, saturation that of a clip, scale and zero point
 * are held.
 *
 * <p>Gradients do not go through integers. Integers that come of reals are therefore computed as reals that are whole, and
 * only cast to the type that the file says; the casts are marked, so that what reads the integers takes the reals. A product of
 * whole numbers with a weight, times the scales of both, is the product of what they stand for: a linear layer as any other,
 * which an adapter finds.
 */
final class QuantTranslations {
    /** Marks casts of whole reals to integers, and products of whole reals. */
    private static final String WHOLE = "whole";

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
        Value scaled = x.div(spread(node, node.in(1), x).cast(x.type()));
        Value zero = node.has(2) ? spread(node, node.in(2), x).cast(x.type()) : x.like(0);
        return rounded(scaled, zero, type);
    }

    /** Whole numbers of a type, with the gradient of the clip, as the integers that they are. */
    private static Value rounded(Value scaled, Value zero, DataType type) {
        Value clipped = saturated(scaled.add(zero), type);
        Value whole = saturated(scaled.unary(Op.ROUND).add(zero), type);
        // By Sterbenz's lemma the sum is whole exactly.
        return integers(clipped.add(whole.sub(clipped).unary(Op.STOP_GRADIENT)), type);
    }

    private static Value saturated(Value x, DataType type) {
        return switch (type) {
            case UINT8 -> x.clip(0, 255);
            case INT8 -> x.clip(Byte.MIN_VALUE, Byte.MAX_VALUE);
            case INT16 -> x.clip(Short.MIN_VALUE, Short.MAX_VALUE);
            default -> throw new GraphException("cannot quantise to " + type);
        };
    }

    /** The cast of whole reals, marked as one that loses nothing. */
    private static Value integers(Value whole, DataType type) {
        return Value.of(Op.CAST, Attributes.of("to", type, WHOLE, true), whole);
    }

    /** What integers were cast from, if they were whole reals. */
    private static Optional<Value> reals(Value integers) {
        return integers.is(Op.CAST) && integers.attributes().has(WHOLE)
                ? Optional.of(integers.in(0))
                : Optional.empty();
    }

    /** A cast to a type; to reals, it undoes that of whole reals to integers. */
    static Value cast(OnnxNode node, DataType type) {
        Value x = node.in(0);
        return type.isFloating() && reals(x).isPresent()
                ? reals(x).get().cast(type)
                : node.apply(Op.CAST, Attributes.of("to", type), x);
    }

    /** (x - zero point) scale, of the scale's type. */
    private static Value dequantize(OnnxNode node) {
        Value x = node.in(0);
        DataType type = node.integer("output_dtype", 0) == 0
                ? node.in(1).type()
                : OnnxTypes.fromOnnx(node.integer("output_dtype", 0));
        Value scale = spread(node, node.in(1), x).cast(type);
        Value real = reals(x).orElse(x).cast(type);
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
        OnnxNode.demandCount("axes of a parameter for blocks", x.rank(), dims.length);
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
        Optional<Value> whole = reals(node.in(0));
        DataType type = whole.isPresent() ? whole.get().type() : DataType.INT32;
        Value a = whole.orElse(node.in(0)).cast(type);
        Value b = reals(node.in(1)).orElse(node.in(1)).cast(type);
        if (node.has(2)) {
            Value zero = node.in(2).cast(type);
            a = a.sub(zero.rank() == 1 && zero.dim(0) > 1 ? zero.reshape(zero.dim(0), 1) : zero);
        }
        if (node.has(3)) {
            b = b.sub(node.in(3).cast(type));
        }
        if (whole.isEmpty()) {
            return MatrixTranslations.matmul(node, a, b, false, false);
        }
        Attributes attributes = Attributes.of("transA", false, "transB", false).with(WHOLE, true);
        return integers(node.apply(Op.MATMUL, attributes, a, b), DataType.INT32);
    }

    /**
     * A product of factors; that of a whole product A B and scales s t is (s A)(B t), where s is one number and t one, or one per
     * column.
     */
    static Value mul(OnnxNode node) {
        Value left = node.in(0);
        Value right = node.in(1);
        return layer(left, right).or(() -> layer(right, left)).orElseGet(() -> node.apply(Op.MUL, left, right));
    }

    private static Optional<Value> layer(Value product, Value scales) {
        boolean whole = product.is(Op.MATMUL) && product.attributes().has(WHOLE);
        if (!whole || !scales.is(Op.MUL) || !product.in(1).is(Op.CONSTANT)) {
            return Optional.empty();
        }
        int constant = scales.in(0).is(Op.CONSTANT) ? 0 : 1;
        Value ofWeight = scales.in(constant);
        Value ofInput = scales.in(1 - constant);
        boolean perColumn = ofWeight.rank() == 1 && ofWeight.dim(0) == product.dim(-1);
        if (!ofWeight.is(Op.CONSTANT)
                || ofInput.shape().size() != 1
                || !(ofWeight.shape().size() == 1 || perColumn)) {
            return Optional.empty();
        }
        Value input = product.in(0).mul(ofInput.reshape(Shape.SCALAR));
        Value weight = product.in(1).mul(perColumn ? ofWeight : ofWeight.reshape(Shape.SCALAR));
        Attributes attributes = Attributes.of("transA", false, "transB", false);
        return Optional.of(Value.of(Op.MATMUL, attributes, List.of(input, weight), product.label()));
    }

    /** To UINT8 with the range of the data and 0; results are the integers, the scale and the zero point. */
    private static List<Value> dynamic(OnnxNode node) {
        Value x = node.in(0);
        int[] all = ReductionTranslations.axesFrom(0, x.rank());
        Value low = x.reduce(Op.REDUCE_MIN, false, all).min(x.like(0));
        Value high = x.reduceMax(false, all).max(x.like(0));
        Value range = high.sub(low).div(255);
        Value scale = range.equal(range.like(0)).where(range.like(1), range).unary(Op.STOP_GRADIENT);
        Value zero = low.neg().div(scale).clip(0, 255).unary(Op.ROUND);
        return List.of(rounded(x.div(scale), zero, DataType.UINT8), scale, integers(zero, DataType.UINT8));
    }
}
