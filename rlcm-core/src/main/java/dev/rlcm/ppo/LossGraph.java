package dev.rlcm.ppo;

import dev.rlcm.autodiff.Checkpoints;
import dev.rlcm.autodiff.Gradients;
import dev.rlcm.backend.Executable;
import dev.rlcm.backend.MemoryPolicy;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.PolicyGraph;
import dev.rlcm.rewrite.folding.ConstantFolding;
import dev.rlcm.rewrite.lowering.CommonSubexpressions;
import dev.rlcm.rewrite.lowering.Decompositions;
import dev.rlcm.rewrite.lowering.FewerPasses;
import dev.rlcm.rewrite.lowering.RotatedKernels;
import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Forward pass, log-probability, loss and gradients of a minibatch as one compiled graph. A row's weight is its share in
 * the average over an optimiser step; rows of weight 0 only fill up the batch.
 */
final class LossGraph {
    private static final String GRADIENT = "gradient.";
    private static final String LOSS_SCALE = "loss_scale";

    private final PolicyGraph policy;
    private final Executable executable;
    private final PolicyGraph.Batch batch;
    private final Map<String, TensorData> terms = new LinkedHashMap<>();
    private final Map<String, TensorData> outputs = new LinkedHashMap<>();
    private final boolean scaled;
    private long networkNanos;

    LossGraph(ConsistencyPolicy owner, PolicyLoss loss, ClipRange clipRange, int rows) {
        this.policy = owner.graph(rows);
        Value weight = term("weight");
        PolicyTerms symbols =
                new PolicyTerms(policy, policy.logProb(), term("old_log_prob"), term("advantage"), clipRange);
        Value perRow = perRow(loss, symbols);
        Map<String, Value> forward = new LinkedHashMap<>();
        forward.put("loss", perRow.mul(weight).sum());
        forward.put("log_prob", symbols.logProb());
        Map<String, Value> results =
                new LinkedHashMap<>(FewerPasses.apply(Graph.of(forward)).outputs());
        MemoryPolicy memory = owner.backend().memoryPolicy();
        boolean small = memory == MemoryPolicy.SMALL;
        Value total = results.get("loss");
        this.scaled = Graph.topologicalOrder(List.of(total)).stream().anyMatch(v -> v.type() == DataType.FLOAT16);
        Value upstream = scaled ? term(LOSS_SCALE, Shape.SCALAR) : total.like(1);
        List<Value> gradients = Gradients.of(
                List.of(total),
                List.of(upstream),
                policy.factors(),
                small ? Checkpoints.betweenBlocks() : Checkpoints.everywhere());
        for (int i = 0; i < gradients.size(); i++) {
            results.put(GRADIENT + policy.factors().get(i).label(), gradients.get(i));
        }
        Graph plain = Graph.of(results);
        Graph faster = small ? plain : RotatedKernels.apply(Decompositions.decompose(plain, Gradients::shareForward));
        Graph graph = CommonSubexpressions.merge(ConstantFolding.apply(faster));
        this.executable = owner.backend().compile(graph);
        Map<String, TensorData> others = new LinkedHashMap<>(owner.adapter().tensors());
        others.putAll(terms);
        this.batch = policy.newBatch(graph, others);
        results.forEach((name, value) -> outputs.put(name, TensorData.zeros(value.type(), value.shape())));
    }

    /**
     * Builds the loss without compiling it.
     *
     * @throws GraphException if it cannot be used
     */
    static void check(ConsistencyPolicy owner, PolicyLoss loss, ClipRange clipRange, int rows) {
        PolicyGraph policy = owner.graph(rows);
        Value input = Value.input("any", DataType.FLOAT32, Shape.of(rows));
        perRow(loss, new PolicyTerms(policy, policy.logProb(), input, input, clipRange));
    }

    private static Value perRow(PolicyLoss loss, PolicyTerms symbols) {
        Value perRow = loss.of(symbols);
        Shape expected = Shape.of(symbols.policy().rows());
        if (!perRow.shape().equals(expected)) {
            throw new GraphException("a policy loss must give one number per transition, " + expected + ", got "
                    + perRow.shape() + "; do not reduce over the rows, the optimiser averages them");
        }
        return perRow;
    }

    private Value term(String name) {
        return term(name, Shape.of(policy.rows()));
    }

    private Value term(String name, Shape shape) {
        Value input = Value.input(name, DataType.FLOAT32, shape);
        terms.put(name, TensorData.zeros(DataType.FLOAT32, input.shape()));
        return input;
    }

    int rows() {
        return policy.rows();
    }

    /** Whether gradients need a loss scale, since some of them are computed in FLOAT16; it is 1 if not. */
    boolean isScaled() {
        return scaled;
    }

    /**
     * Evaluates up to {@link #rows} transitions; the results are read by the methods below until the next run.
     *
     * @param weight of each in the loss
     * @param lossScale what gradients are multiplied with
     */
    void run(List<Row> batchRows, double weight, double lossScale) {
        for (int i = 0; i < rows(); i++) {
            boolean used = i < batchRows.size();
            Row row = batchRows.get(used ? i : 0);
            batch.set(i, row.transition());
            terms.get("weight").setDouble(i, used ? weight : 0);
            terms.get("old_log_prob").setDouble(i, row.oldLogProb());
            terms.get("advantage").setDouble(i, used ? row.advantage() : 0);
        }
        if (scaled) {
            terms.get(LOSS_SCALE).setDouble(0, lossScale);
        }
        long start = System.nanoTime();
        executable.run(batch.inputs(), outputs);
        networkNanos += System.nanoTime() - start;
    }

    double loss() {
        return outputs.get("loss").getDouble(0);
    }

    double logProb(int row) {
        return outputs.get("log_prob").getDouble(row);
    }

    /** The gradients of the last run times the loss scale, in the order of the adapter's parameters. */
    List<FloatBuffer> gradients() {
        return policy.factors().stream()
                .map(factor -> outputs.get(GRADIENT + factor.label()).floats())
                .toList();
    }

    /** Time spent inside the backend since this graph was built. */
    long networkNanos() {
        return networkNanos;
    }

    void close() {
        executable.close();
    }
}
