package dev.rlcm.onnx.pipeline;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * How an operator is applied to operands that have one more axis, of extent B, in front: a batching rule for each, as JAX's
 * vmap has for its primitives. Elementwise operators, which may meet the batch, are left to {@link PerRowTimestep}.
 */
final class BatchingRules {
    /** y: the node without the axis; in: its operands, with it. */
    static final Map<Op, BatchingRule> TABLE = new Rules()
            .of((y, in) -> in.first().reshape(in.inFront(y.shape())), Op.RESHAPE)
            .of((y, in) -> padded(in.first(), y.rank()).expand(in.inFront(y.shape())), Op.EXPAND)
            .of((y, in) -> in.first().transpose(prepend(0, shifted(y, "perm"))), Op.TRANSPOSE)
            .of(BatchingRules::slice, Op.SLICE)
            .of((y, in) -> in.again(y.attributes().with("pads", pads(y))), Op.PAD)
            .of((y, in) -> Value.concat(shiftedAxis(y), in.all()), Op.CONCAT)
            .of((y, in) -> in.isLifted(1) ? lookedUp(y, in) : in.first().gather(shiftedAxis(y), y.in(1)), Op.GATHER)
            .of(
                    (y, in) -> in.again(y.attributes().with("axes", shifted(y, "axes"))),
                    Op.REDUCE_SUM,
                    Op.REDUCE_MEAN,
                    Op.REDUCE_MAX,
                    Op.REDUCE_MIN)
            .of((y, in) -> in.again(y.attributes().with("axis", shiftedAxis(y))), Op.SOFTMAX, Op.LAYER_NORM)
            .of(BatchingRules::product, Op.MATMUL)
            .of(BatchingRules::byRows, Op.CONV, Op.GROUP_NORM, Op.INSTANCE_NORM)
            .table;

    private BatchingRules() {}

    /** Gives the node with the axis in front. */
    @FunctionalInterface
    interface BatchingRule {
        /**
         * The node with the axis in front.
         *
         * @throws GraphException if the node cannot have the axis
         */
        Value apply(Value y, Operands in);
    }

    private static final class Rules {
        private final Map<Op, BatchingRule> table = new EnumMap<>(Op.class);

        Rules of(BatchingRule rule, Op... ops) {
            for (Op op : ops) {
                table.put(op, rule);
            }
            return this;
        }
    }

    /**
     * The operands of a node.
     *
     * @param y the node without the axis
     * @param batch B
     * @param lifted the values that have the axis, by those without it; operands that are not among them do not depend on
     *     the timestep
     */
    record Operands(Value y, int batch, Map<Value, Value> lifted) {
        boolean isLifted(int i) {
            return lifted.containsKey(y.in(i));
        }

        /** The first operand with the axis; all others must be constants. */
        Value first() {
            if (!isLifted(0) || !y.inputs().stream().skip(1).allMatch(v -> v.is(Op.CONSTANT))) {
                throw unsupported(y);
            }
            return lifted.get(y.in(0));
        }

        /** All operands with the axis. Constants are repeated along it. */
        List<Value> all() {
            return y.inputs().stream().map(this::withAxis).toList();
        }

        private Value withAxis(Value in) {
            if (lifted.containsKey(in)) {
                return lifted.get(in);
            }
            if (!in.is(Op.CONSTANT)) {
                throw unsupported(in);
            }
            return in.expand(inFront(in.shape()));
        }

        /** The same operator on the first operand with the axis. */
        Value again(Attributes attributes) {
            return again(first(), attributes);
        }

        Value again(Value first, Attributes attributes) {
            List<Value> operands = new ArrayList<>(y.inputs());
            operands.set(0, first);
            return Value.of(y.op(), attributes, operands, y.label());
        }

        Shape inFront(Shape shape) {
            return Shape.of(prepend(batch, shape.toArray()));
        }
    }

    private static Value slice(Value y, Operands in) {
        Attributes attributes = y.attributes();
        return in.first()
                .slice(
                        prepend(0, attributes.ints("starts")),
                        prepend(in.batch(), attributes.ints("sizes")),
                        prepend(1, attributes.ints("steps")));
    }

    /** A constant's rows, chosen by indices with the axis. */
    private static Value lookedUp(Value y, Operands in) {
        if (!y.in(0).is(Op.CONSTANT) || y.attributes().integer("axis") != 0) {
            throw unsupported(y);
        }
        return y.in(0).gather(0, in.all().get(1));
    }

    private static Value product(Value y, Operands in) {
        if (y.in(1).rank() != 2) {
            throw unsupported(y);
        }
        return in.again(y.attributes());
    }

    /** Operators whose own first axis is a batch: [B, n, ...] is a batch of B n. */
    private static Value byRows(Value y, Operands in) {
        Shape own = y.in(0).shape();
        Value merged = in.first().reshape(own.with(0, in.batch() * own.dim(0)));
        return in.again(merged, y.attributes()).reshape(in.inFront(y.shape()));
    }

    /** [B, ...] with axes of extent 1 after the first, so that the others broadcast as they did in the given rank. */
    static Value padded(Value lifted, int rank) {
        int[] dims = lifted.shape().toArray();
        int added = rank + 1 - dims.length;
        int[] shape = IntStream.rangeClosed(0, rank)
                .map(i -> i == 0 ? dims[0] : i <= added ? 1 : dims[i - added])
                .toArray();
        return lifted.reshape(shape);
    }

    private static int shiftedAxis(Value y) {
        return y.attributes().integer("axis") + 1;
    }

    private static int[] shifted(Value y, String axes) {
        return IntStream.of(y.attributes().ints(axes)).map(axis -> axis + 1).toArray();
    }

    /** Nothing before or after the new first axis. */
    private static int[] pads(Value y) {
        int[] pads = y.attributes().ints("pads");
        int rank = pads.length / 2;
        int[] more = new int[pads.length + 2];
        System.arraycopy(pads, 0, more, 1, rank);
        System.arraycopy(pads, rank, more, rank + 2, rank);
        return more;
    }

    static int[] prepend(int first, int[] rest) {
        return IntStream.concat(IntStream.of(first), IntStream.of(rest)).toArray();
    }

    static GraphException unsupported(Value value) {
        return new GraphException("cannot give every row its own timestep at " + value
                + "; export the UNet with a timestep of shape [batch_size]");
    }
}
