package dev.rlcm.ppo;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.policy.Policy;
import dev.rlcm.policy.PolicyGraph;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The symbols that expressions over a minibatch of rows are made of. What they are fed with is a {@link Buffers}. */
final class RowFeed {
    private static final String OLD_LOG_PROB = PolicyGraph.RESERVED + "old_log_prob";
    private static final String ADVANTAGE = PolicyGraph.RESERVED + "advantage";

    private final Policy owner;
    private final PolicyGraph policy;
    private final PolicyTerms terms;
    private final List<Value> own = new ArrayList<>();

    RowFeed(Policy owner, ClipRange clipRange, int rows) {
        this.owner = owner;
        this.policy = owner.graph(rows);
        this.terms = new PolicyTerms(policy, policy.logProb(), perRow(OLD_LOG_PROB), perRow(ADVANTAGE), clipRange);
    }

    PolicyGraph policy() {
        return policy;
    }

    PolicyTerms terms() {
        return terms;
    }

    int rows() {
        return policy.rows();
    }

    /** One more input [B], to be set with {@link Buffers#set}. */
    Value perRow(String name) {
        return input(name, Shape.of(policy.rows()));
    }

    /** One more input. */
    Value input(String name, Shape shape) {
        Value input = Value.input(name, DataType.FLOAT32, shape);
        own.add(input);
        return input;
    }

    /** New inputs for a graph of these symbols. Call it once all symbols are made; every replica of the graph takes its own. */
    Buffers buffers(Graph graph) {
        return new Buffers(graph);
    }

    /** What one compiled graph of the symbols is fed with. */
    final class Buffers {
        private final Map<String, TensorData> inputs = new LinkedHashMap<>();
        private final PolicyGraph.Batch batch;

        private Buffers(Graph graph) {
            own.forEach(this::add);
            terms.settings().keySet().forEach(name -> add(Value.input(name, DataType.FLOAT32, Shape.SCALAR)));
            terms.perRow().keySet().forEach(this::add);
            if (terms.usesOldMean()) {
                add(terms.oldMean());
            }
            Map<String, TensorData> others = new LinkedHashMap<>(owner.parameters());
            others.putAll(inputs);
            this.batch = policy.newBatch(graph, others);
        }

        private void add(Value input) {
            inputs.put(input.label(), TensorData.zeros(input.type(), input.shape()));
        }

        /** What to run the graph with; the same tensors at every call. */
        Map<String, TensorData> tensors() {
            return batch.inputs();
        }

        void set(String name, int index, double value) {
            inputs.get(name).setDouble(index, value);
        }

        /**
         * Sets the inputs that come from the rows, and asks for the settings. Where there are fewer rows than the batch has,
         * the first one fills it up, with advantage 0.
         */
        void fill(List<Row> rows) {
            for (int i = 0; i < rows(); i++) {
                boolean isUsed = i < rows.size();
                Row row = rows.get(isUsed ? i : 0);
                batch.set(i, row.transition());
                set(OLD_LOG_PROB, i, row.oldLogProb());
                set(ADVANTAGE, i, isUsed ? row.advantage() : 0);
                if (terms.usesOldMean()) {
                    set(terms.oldMean(), i, row.oldMean().orElseGet(() -> new float[policy.latentSize()]));
                }
                int index = i;
                terms.perRow().forEach((value, source) -> set(value, index, source.apply(row.transition())));
            }
            terms.settings().forEach((name, source) -> set(name, 0, source.getAsDouble()));
        }

        private void set(Value input, int row, float[] values) {
            TensorData tensor = inputs.get(input.label());
            int size = (int) (tensor.shape().size() / rows());
            if (values.length != size) {
                throw new IllegalArgumentException("a row of " + input.label() + " " + input.shape() + " must have "
                        + size + " values, got " + values.length);
            }
            tensor.floats().put(row * size, values);
        }
    }
}
