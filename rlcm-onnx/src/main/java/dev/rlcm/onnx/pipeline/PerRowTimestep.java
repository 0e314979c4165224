package dev.rlcm.onnx.pipeline;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Gives every row of a batch its own timestep in a graph that was exported with one timestep for all. Whatever depends on
 * the timestep alone, its embedding usually, is computed once more for each row: such a value gets an axis of extent B in
 * front ("lifted"). Where it meets the batch, by Expand or by broadcasting, that axis takes the batch axis' place.
 */
final class PerRowTimestep {
    private static final Set<Op> ELEMENTWISE = EnumSet.range(Op.ADD, Op.GELU);

    private final int batch;
    private final Map<Value, Value> plain = new IdentityHashMap<>();
    private final Map<Value, Value> lifted = new IdentityHashMap<>();

    private PerRowTimestep(int batch) {
        this.batch = batch;
    }

    /**
     * Rebuilds an output on other inputs.
     *
     * @param timestep the graph's input, of shape [], [1] or [B]
     * @param perRow what takes its place, [B], of the same element type
     * @param others what takes the place of every other input, of the same type and shape
     * @throws GraphException if an operator between the timestep and the batch cannot be lifted
     */
    static Value rebuild(Value output, Value timestep, Value perRow, Map<Value, Value> others) {
        PerRowTimestep rebuilding = new PerRowTimestep(perRow.dim(0));
        rebuilding.plain.putAll(others);
        if (timestep.shape().size() == perRow.dim(0)) {
            rebuilding.plain.put(timestep, perRow.reshape(timestep.shape()));
        } else {
            rebuilding.lifted.put(timestep, perRow.reshape(rebuilding.inFront(timestep.shape())));
        }
        Graph.topologicalOrder(List.of(output)).forEach(rebuilding::visit);
        Value result = rebuilding.plain.get(output);
        if (result == null) {
            throw new GraphException("the output " + output + " depends on the timestep alone; is this a UNet?");
        }
        return result;
    }

    private void visit(Value value) {
        if (plain.containsKey(value) || lifted.containsKey(value)) {
            return;
        }
        if (value.inputs().stream().anyMatch(lifted::containsKey)) {
            lift(value);
        } else if (value.inputs().stream().allMatch(in -> plain.get(in) == in)) {
            plain.put(value, value);
        } else {
            List<Value> inputs = value.inputs().stream().map(plain::get).toList();
            plain.put(value, Value.of(value.op(), value.attributes(), inputs, value.label()));
        }
    }

    private void lift(Value value) {
        if (value.is(Op.EXPAND) && joins(value.in(0), value.shape())) {
            plain.put(value, joined(value.in(0), value.rank()).expand(value.shape()));
        } else if (ELEMENTWISE.contains(value.op())) {
            liftElementwise(value);
        } else {
            lifted.put(value, apply(value));
        }
    }

    private void liftElementwise(Value value) {
        boolean meetsBatch = value.inputs().stream().anyMatch(in -> !lifted.containsKey(in) && !in.is(Op.CONSTANT));
        List<Value> operands = new ArrayList<>();
        for (Value in : value.inputs()) {
            if (!lifted.containsKey(in)) {
                operands.add(plain.get(in));
            } else if (!meetsBatch) {
                operands.add(padded(in, value.rank()));
            } else if (joins(in, value.shape())) {
                operands.add(joined(in, value.rank()));
            } else {
                throw unsupported(value);
            }
        }
        Map<Value, Value> results = meetsBatch ? plain : lifted;
        results.put(value, Value.of(value.op(), value.attributes(), operands, value.label()));
    }

    /** The same operator one axis further right; the other operands are constants. */
    private Value apply(Value value) {
        Attributes attributes = value.attributes();
        Value in = lifted.get(value.in(0));
        return switch (value.op()) {
            case RESHAPE -> in.reshape(inFront(value.shape()));
            case EXPAND -> padded(value.in(0), value.rank()).expand(inFront(value.shape()));
            case TRANSPOSE -> in.transpose(prepend(0, attributes.ints("perm"), 1));
            case SLICE -> in.slice(
                    prepend(0, attributes.ints("starts"), 0),
                    prepend(batch, attributes.ints("sizes"), 0),
                    prepend(1, attributes.ints("steps"), 0));
            case CONCAT -> Value.concat(
                    attributes.integer("axis") + 1,
                    value.inputs().stream().map(this::rows).toList());
            case MATMUL -> {
                boolean byConstant = value.in(1).is(Op.CONSTANT)
                        && value.in(1).rank() == 2
                        && value.in(0).rank() >= 2;
                if (!byConstant) {
                    throw unsupported(value);
                }
                yield Value.of(Op.MATMUL, attributes, List.of(in, value.in(1)), value.label());
            }
            case GATHER -> {
                if (!value.in(0).is(Op.CONSTANT) || attributes.integer("axis") != 0) {
                    throw unsupported(value);
                }
                yield value.in(0).gather(0, lifted.get(value.in(1)));
            }
            default -> throw unsupported(value);
        };
    }

    /** Whether a lifted value's own first axis has extent 1, in the rank of a result whose first axis is the batch. */
    private boolean joins(Value in, Shape result) {
        return result.rank() > 0
                && result.dim(0) == batch
                && (in.rank() < result.rank() || (in.rank() == result.rank() && in.dim(0) == 1));
    }

    /** [B, 1, ...] as [B, ...] of the given rank. */
    private Value joined(Value in, int rank) {
        int[] dims = padded(in, rank).shape().toArray();
        return lifted.get(in).reshape(prepend(batch, IntStream.of(dims).skip(2).toArray(), 0));
    }

    /** The lifted value with axes of extent 1 after the first, so that the others broadcast as before. */
    private Value padded(Value in, int rank) {
        int[] dims = in.shape().toArray();
        int[] shape = new int[rank + 1];
        for (int i = 0; i <= rank; i++) {
            int source = i - (rank + 1 - dims.length);
            shape[i] = i == 0 ? batch : source < 0 ? 1 : dims[source];
        }
        return lifted.get(in).reshape(shape);
    }

    /** A lifted value, or a constant repeated for each row. */
    private Value rows(Value in) {
        if (lifted.containsKey(in)) {
            return lifted.get(in);
        }
        if (!in.is(Op.CONSTANT)) {
            throw unsupported(in);
        }
        return in.expand(inFront(in.shape()));
    }

    private Shape inFront(Shape shape) {
        return Shape.of(prepend(batch, shape.toArray(), 0));
    }

    private static int[] prepend(int first, int[] rest, int added) {
        return IntStream.concat(IntStream.of(first), IntStream.of(rest).map(i -> i + added))
                .toArray();
    }

    private static GraphException unsupported(Value value) {
        return new GraphException("cannot give every row its own timestep at " + value
                + "; export the UNet with a timestep of shape [batch_size]");
    }
}
