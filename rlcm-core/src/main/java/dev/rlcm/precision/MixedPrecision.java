package dev.rlcm.precision;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.nio.ShortBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Moves the bulk of a graph to a 16-bit type: matrix products, convolutions and what lies between them. What
 * needs range or many digits is computed in FLOAT32, even in graphs that are in 16 bits throughout: sines of timesteps,
 * exponentials, powers, roots, sums and means, linear attention, and the inside of normalisations. The graph keeps its interface, so that
 * adapters and losses that are added later see FLOAT32. Its derivative is a backward pass in the same types. Stateless and thread-safe.
 */
final class MixedPrecision {
    /** The bits of FLOAT16's infinity; its largest number is one less. */
    private static final int INFINITE = 0x7c00;

    private final DataType half;
    private final HalfViews views = new HalfViews(MixedPrecision::saturated);
    private final Set<Value> delicate;

    private MixedPrecision(DataType half, Set<Value> delicate) {
        this.half = half;
        this.delicate = delicate;
    }

    /** Where a node is computed. */
    private enum Place {
        /** In the 16-bit type. */
        HALF,
        /** In FLOAT32, and so is all that is added to it or multiplied with it. */
        SINGLE,
        /** In FLOAT32, rounded afterwards if the operand was. */
        INSIDE,
        /** In the 16-bit type, unless an operand is FLOAT32; constants do not count. */
        WIDEST
    }

    /**
     * The graph with most of its FLOAT32 and 16-bit nodes in the given type. Nodes of other types stay as they are; inputs
     * and outputs keep their types. Constants beyond the range of FLOAT16 become its largest number.
     *
     * @param half FLOAT16 or BFLOAT16
     */
    static Graph lower(Graph graph, DataType half) {
        if (!half.isHalf()) {
            throw new IllegalArgumentException("half must be FLOAT16 or BFLOAT16, got " + half);
        }
        MixedPrecision lowering = new MixedPrecision(half, GuardedQuotients.in(graph));
        return lowering.views.rebuild(graph, lowering::lowered);
    }

    private Value lowered(Value node) {
        boolean ours = node.inputs().stream().map(Value::type).allMatch(type -> !type.isFloating() || isOurs(type));
        if (node.is(Op.CAST) && ours && node.in(0).type().isFloating() && isOurs(node.type())) {
            return views.natural(node.in(0)); // whoever uses it takes it in the type that is needed there
        }
        if (node.is(Op.CAST) || !ours) {
            return views.asBefore(node);
        }
        return switch (place(node)) {
            case HALF -> node.is(Op.ATTENTION) && node.inputs().size() == 4 ? masked(node) : views.apply(half, node);
            case SINGLE -> views.apply(DataType.FLOAT32, node);
            case INSIDE -> {
                Value result = views.apply(DataType.FLOAT32, node);
                yield views.natural(node.in(0)).type().isHalf() ? views.rounded(result, half) : result;
            }
            case WIDEST -> views.apply(anyOperandIsSingle(node) ? DataType.FLOAT32 : half, node);
        };
    }

    private static boolean isOurs(DataType type) {
        return type == DataType.FLOAT32 || type.isHalf();
    }

    private Place place(Value node) {
        if (delicate.contains(node)) {
            return Place.SINGLE;
        }
        return switch (node.op()) {
            case MATMUL, ATTENTION -> Place.HALF;
                // No provider of ONNX Runtime has bfloat16 convolutions in the opset that graphs are exported in.
            case CONV, CONV_TRANSPOSE -> half == DataType.FLOAT16 ? Place.HALF : Place.SINGLE;
            case EXP, LOG, POW, SQRT, SIN, COS, MOD, SOFTPLUS, LOG_SOFTMAX -> Place.SINGLE;
            case REDUCE_SUM, REDUCE_MEAN, REDUCE_PROD, CUM_SUM -> Place.SINGLE;
            case MUL -> node.in(0) == node.in(1) ? Place.SINGLE : Place.WIDEST; // squares overflow above 255
            case SOFTMAX, LAYER_NORM, GROUP_NORM, INSTANCE_NORM -> Place.INSIDE;
                // The gradient of the approximation holds a cube.
            case GELU -> node.attributes().text("approximate").equals("tanh") ? Place.INSIDE : Place.WIDEST;
            default -> Place.WIDEST;
        };
    }

    private boolean anyOperandIsSingle(Value node) {
        List<Value> operands = node.inputs().stream()
                .map(views::natural)
                .filter(v -> v.type().isFloating() && !v.is(Op.CONSTANT))
                .toList();
        return operands.isEmpty() || operands.stream().anyMatch(v -> v.type() == DataType.FLOAT32);
    }

    /** A computed mask may hold the lowest FLOAT32, which is infinite in FLOAT16 and makes NaN of masked rows. */
    private Value masked(Value attention) {
        List<Value> operands = new ArrayList<>(attention.inputs().subList(0, 3).stream()
                .map(v -> views.in(half, v))
                .toList());
        Value mask = views.natural(attention.in(3));
        boolean plain = mask.is(Op.CONSTANT) || mask.type() == half;
        double limit = largest(half);
        Attributes range = Attributes.of("min", -limit, "max", limit);
        operands.add(
                plain
                        ? views.in(half, attention.in(3))
                        : Value.of(Op.CLIP, range, mask).cast(half));
        return attention.withInputs(operands);
    }

    private static double largest(DataType half) {
        return half == DataType.FLOAT16 ? 65504 : 0x1.fep127;
    }

    /** Converted; finite numbers stay finite. */
    private static TensorData saturated(TensorData data, DataType to) {
        TensorData result = data.cast(to);
        if (to == DataType.FLOAT16) {
            ShortBuffer bits = result.bytes().asShortBuffer();
            for (int i = 0; i < bits.limit(); i++) {
                if ((bits.get(i) & 0x7fff) == INFINITE && !Double.isInfinite(data.getDouble(i))) {
                    bits.put(i, (short) (bits.get(i) - 1));
                }
            }
        }
        return result;
    }
}
