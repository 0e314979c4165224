package dev.rlcm.ppo;

import dev.rlcm.backend.Executable;
import dev.rlcm.compilation.Lowering;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.policy.Policy;
import dev.rlcm.policy.PolicyGraph;
import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.DoubleSupplier;
import java.util.stream.Collectors;

/**
 * Forward pass, log-probability, loss and gradients of a minibatch as one compiled graph. A row's weight is its share in
 * the average over an optimiser step; rows of weight 0 only fill up the batch.
 */
final class LossGraph implements BatchLoss<Row> {
    private static final String GRADIENT = "gradient.";
    private static final String LOSS_SCALE = PolicyGraph.RESERVED + "loss_scale";
    private static final String WEIGHT = PolicyGraph.RESERVED + "weight";
    private static final String OLD_LOG_PROB = PolicyGraph.RESERVED + "old_log_prob";
    private static final String ADVANTAGE = PolicyGraph.RESERVED + "advantage";
    private static final String PART = "part.";

    private final PolicyGraph policy;
    private final List<String> parameters;
    private final Executable executable;
    private final PolicyGraph.Batch batch;
    private final Map<String, TensorData> terms = new LinkedHashMap<>();
    private final Map<String, TensorData> outputs = new LinkedHashMap<>();
    private final boolean scaled;
    private final List<String> parts;
    private final Map<String, DoubleSupplier> settings;
    private int used;
    private double weight;
    private long networkNanos;

    LossGraph(Policy owner, PolicyLoss loss, ClipRange clipRange, int rows) {
        this.policy = owner.graph(rows);
        this.parameters = List.copyOf(owner.parameters().keySet());
        Value share = term(WEIGHT);
        PolicyTerms symbols = new PolicyTerms(policy, policy.logProb(), term(OLD_LOG_PROB), term(ADVANTAGE), clipRange);
        Value total = perRow(loss, symbols).mul(share).sum();
        Map<String, Value> forward = new LinkedHashMap<>();
        forward.put("loss", total);
        forward.put("log_prob", symbols.logProb());
        symbols.reported().forEach((name, value) -> forward.put(PART + name, value));
        this.parts = List.copyOf(symbols.reported().keySet());
        this.settings = symbols.settings();
        settings.keySet().forEach(name -> terms.put(name, TensorData.zeros(DataType.FLOAT32, Shape.SCALAR)));
        this.scaled = Graph.topologicalOrder(List.of(total)).stream().anyMatch(v -> v.type() == DataType.FLOAT16);
        Value upstream = scaled ? term(LOSS_SCALE, Shape.SCALAR) : total.like(1);
        Map<String, Value> wrt = new LinkedHashMap<>();
        policy.factors().forEach(factor -> wrt.put(GRADIENT + factor.label(), factor));
        Graph graph =
                Lowering.of(owner.backend().memoryPolicy()).update(Graph.of(forward), Map.of("loss", upstream), wrt);
        this.executable = owner.backend().compile(graph);
        Map<String, TensorData> others = new LinkedHashMap<>(owner.parameters());
        others.putAll(terms);
        this.batch = policy.newBatch(graph, others);
        graph.outputs().forEach((name, value) -> outputs.put(name, TensorData.zeros(value.type(), value.shape())));
    }

    /**
     * Builds the loss without compiling it.
     *
     * @throws GraphException if it cannot be used, or if the policy's parameters are not the factors of its graph
     */
    static void check(Policy owner, PolicyLoss loss, ClipRange clipRange, int rows) {
        PolicyGraph policy = owner.graph(rows);
        Set<String> factors = policy.factors().stream().map(Value::label).collect(Collectors.toSet());
        if (!factors.equals(owner.parameters().keySet())) {
            throw new GraphException("the factors of a policy's graph must be its parameters "
                    + owner.parameters().keySet() + ", got " + factors);
        }
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

    @Override
    public int rows() {
        return policy.rows();
    }

    @Override
    public boolean isScaled() {
        return scaled;
    }

    @Override
    public void run(List<Row> batchRows, double newWeight, double lossScale) {
        used = batchRows.size();
        weight = newWeight;
        for (int i = 0; i < rows(); i++) {
            boolean isUsed = i < used;
            Row row = batchRows.get(isUsed ? i : 0);
            batch.set(i, row.transition());
            terms.get(WEIGHT).setDouble(i, isUsed ? weight : 0);
            terms.get(OLD_LOG_PROB).setDouble(i, row.oldLogProb());
            terms.get(ADVANTAGE).setDouble(i, isUsed ? row.advantage() : 0);
        }
        settings.forEach((name, source) -> terms.get(name).setDouble(0, source.getAsDouble()));
        if (scaled) {
            terms.get(LOSS_SCALE).setDouble(0, lossScale);
        }
        long start = System.nanoTime();
        executable.run(batch.inputs(), outputs);
        networkNanos += System.nanoTime() - start;
    }

    @Override
    public double value() {
        return outputs.get("loss").getDouble(0);
    }

    @Override
    public Map<String, Double> parts() {
        Map<String, Double> sums = new LinkedHashMap<>();
        for (String part : parts) {
            TensorData values = outputs.get(PART + part);
            double sum = 0;
            for (int i = 0; i < used; i++) {
                sum += weight * values.getDouble(i);
            }
            sums.put(part, sum);
        }
        return sums;
    }

    double logProb(int row) {
        return outputs.get("log_prob").getDouble(row);
    }

    @Override
    public List<FloatBuffer> gradients() {
        return parameters.stream()
                .map(name -> outputs.get(GRADIENT + name).floats())
                .toList();
    }

    @Override
    public long networkNanos() {
        return networkNanos;
    }

    @Override
    public void close() {
        executable.close();
    }
}
