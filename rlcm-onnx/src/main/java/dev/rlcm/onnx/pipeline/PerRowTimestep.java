package dev.rlcm.onnx.pipeline;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.pipeline.BatchingRules.BatchingRule;
import dev.rlcm.onnx.pipeline.BatchingRules.Operands;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Gives every row of a batch its own timestep in a graph that was exported with one timestep for all. Whatever depends on
 * the timestep alone, its embedding usually, is computed for each row: such a value is lifted, it gets an axis of extent B in
 * front by {@link BatchingRules}. Where a lifted value meets the batch, by Expand, by a product with ones or by broadcasting,
 * that axis takes the place of the batch axis. If the value already has a batch axis, row i is taken of timestep i.
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
            rebuilding.lifted.put(
                    timestep,
                    perRow.reshape(BatchingRules.prepend(
                            perRow.dim(0), timestep.shape().toArray())));
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
                throw BatchingRules.unsupported(value);
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

    private Value apply(Value value) {
        BatchingRule rule = BatchingRules.TABLE.get(value.op());
        if (rule == null) {
            throw BatchingRules.unsupported(value);
        }
        return rule.apply(value, new Operands(value, batch, lifted));
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
        return lifted.get(in).reshape(BatchingRules.prepend(batch, Arrays.copyOfRange(dims, 2, dims.length)));
    }

    /** Of [B, B, ...], timesteps by rows, what each row has with its own timestep. */
    private Value diagonal(Value in) {
        Shape rows = in.shape().with(0, batch * in.dim(0));
        int[] steps = new int[rows.rank()];
        Arrays.fill(steps, 1);
        steps[0] = batch + 1;
        return lifted.get(in)
                .reshape(rows)
                .slice(new int[rows.rank()], in.shape().toArray(), steps);
    }

    private Value padded(Value in, int rank) {
        return BatchingRules.padded(lifted.get(in), rank);
    }
}
