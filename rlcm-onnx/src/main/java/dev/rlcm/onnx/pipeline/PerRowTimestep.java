package dev.rlcm.onnx.pipeline;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Gives every row of a batch its own timestep in a graph that was exported with one timestep for all. Whatever depends on
 * the timestep alone, its embedding usually, is computed once more for each row: such a value gets an axis of extent B in
 * front ("lifted"). Where it meets the batch, by Expand, by a product with ones or by broadcasting, that axis takes the
 * batch axis' place; of a value that already has a batch axis, row i is that of timestep i.
 */
final class PerRowTimestep {
    private static final Set<Op> ELEMENTWISE = EnumSet.range(Op.ADD, Op.GELU);

    private final int batch;
    private final Map<Value, Value> plain = new HashMap<>();
    private final Map<Value, Value> lifted = new HashMap<>();

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
        } else {
            plain.put(
                    value,
                    value.withInputs(value.inputs().stream().map(plain::get).toList()));
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
        boolean meetsBatch = fillsBatch(value)
                || value.inputs().stream().anyMatch(in -> !lifted.containsKey(in) && !in.is(Op.CONSTANT));
        List<Value> operands = new ArrayList<>();
        for (Value in : value.inputs()) {
            if (!lifted.containsKey(in)) {
                operands.add(plain.get(in));
            } else if (!meetsBatch) {
                operands.add(padded(in, value.rank()));
            } else if (joins(in, value.shape())) {
                operands.add(joined(in, value.rank()));
            } else if (in.rank() == value.rank() && in.rank() > 0 && in.dim(0) == batch) {
                operands.add(diagonal(in));
            } else {
                throw unsupported(value);
            }
        }
        Map<Value, Value> results = meetsBatch ? plain : lifted;
        results.put(value, value.withInputs(operands));
    }

    /** Whether an operand is a constant of equal rows, which is how some exports write Expand: timestep times ones(B). */
    private boolean fillsBatch(Value value) {
        return value.inputs().stream()
                        .allMatch(in -> lifted.containsKey(in)
                                ? joins(in, value.shape())
                                : in.rank() < value.rank()
                                        || in.dim(0) != batch
                                        || (in.is(Op.CONSTANT)
                                                && in.isConstant(in.data().getDouble(0))))
                && value.inputs().stream()
                        .anyMatch(in -> in.is(Op.CONSTANT) && in.rank() == value.rank() && in.dim(0) == batch);
    }

    /** The same operator one axis further right; the other operands are constants. */
    private Value apply(Value value) {
        Attributes attributes = value.attributes();
        if (value.is(Op.CONCAT)) {
            List<Value> parts = value.inputs().stream().map(this::rows).toList();
            return Value.concat(attributes.integer("axis") + 1, parts);
        }
        if (value.is(Op.GATHER) && lifted.containsKey(value.in(1))) {
            return lookedUp(value);
        }
        Value in = lifted.get(value.in(0));
        if (in == null || !value.inputs().stream().skip(1).allMatch(v -> v.is(Op.CONSTANT))) {
            throw unsupported(value);
        }
        return switch (value.op()) {
            case RESHAPE -> in.reshape(inFront(value.shape()));
            case EXPAND -> padded(value.in(0), value.rank()).expand(inFront(value.shape()));
            case TRANSPOSE -> in.transpose(prepend(0, attributes.ints("perm"), 1));
            case SLICE -> in.slice(
                    prepend(0, attributes.ints("starts"), 0),
                    prepend(batch, attributes.ints("sizes"), 0),
                    prepend(1, attributes.ints("steps"), 0));
            case PAD -> again(value, in, attributes.with("pads", pads(attributes.ints("pads"))));
            case GATHER -> in.gather(attributes.integer("axis") + 1, value.in(1));
            case REDUCE_SUM, REDUCE_MEAN, REDUCE_MAX, REDUCE_MIN -> {
                int[] axes =
                        IntStream.of(attributes.ints("axes")).map(a -> a + 1).toArray();
                yield again(value, in, attributes.with("axes", axes));
            }
            case SOFTMAX, LAYER_NORM -> again(value, in, attributes.with("axis", attributes.integer("axis") + 1));
            case MATMUL -> {
                if (value.in(1).rank() != 2) {
                    throw unsupported(value);
                }
                yield again(value, in, attributes);
            }
            case CONV, GROUP_NORM, INSTANCE_NORM -> {
                Value merged = in.reshape(merged(value.in(0).shape()));
                yield again(value, merged, attributes).reshape(inFront(value.shape()));
            }
            default -> throw unsupported(value);
        };
    }

    private Value lookedUp(Value value) {
        if (!value.in(0).is(Op.CONSTANT) || value.attributes().integer("axis") != 0) {
            throw unsupported(value);
        }
        return value.in(0).gather(0, lifted.get(value.in(1)));
    }

    /** The same operator on another first operand. */
    private static Value again(Value value, Value first, Attributes attributes) {
        List<Value> operands = new ArrayList<>(value.inputs());
        operands.set(0, first);
        return Value.of(value.op(), attributes, operands, value.label());
    }

    /** Nothing before or after the new first axis. */
    private static int[] pads(int[] pads) {
        int rank = pads.length / 2;
        int[] more = new int[pads.length + 2];
        System.arraycopy(pads, 0, more, 1, rank);
        System.arraycopy(pads, rank, more, rank + 2, rank);
        return more;
    }

    /** [n, ...] with all timesteps' rows one after the other. */
    private int[] merged(Shape shape) {
        return shape.with(0, batch * shape.dim(0)).toArray();
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

    /** Of [B, B, ...], timesteps by rows, what each row has with its own timestep. */
    private Value diagonal(Value in) {
        int[] dims = merged(in.shape());
        int[] steps = new int[dims.length];
        Arrays.fill(steps, 1);
        steps[0] = batch + 1;
        return lifted.get(in)
                .reshape(dims)
                .slice(new int[dims.length], in.shape().toArray(), steps);
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
