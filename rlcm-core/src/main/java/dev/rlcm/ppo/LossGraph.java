package dev.rlcm.ppo;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.Executable;
import dev.rlcm.compilation.Lowering;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.optim.BatchLoss;
import dev.rlcm.parallel.Replicas;
import dev.rlcm.policy.Policy;
import dev.rlcm.policy.PolicyGraph;
import java.nio.FloatBuffer;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Forward pass, log-probability, loss and gradients of a minibatch as one graph, compiled on every replica of the policy's
 * backend. A row's weight is its share in the average over an optimiser step; rows of weight 0 only fill up the batch.
 */
final class LossGraph implements BatchLoss<Row> {
    private static final String GRADIENT = "gradient.";
    private static final String LOSS_SCALE = PolicyGraph.RESERVED + "loss_scale";
    private static final String WEIGHT = PolicyGraph.RESERVED + "weight";
    private static final String LOG_PROB = "log_prob";
    private static final String PART = "part.";

    private final RowFeed feed;
    private final List<String> parameters;
    private final Graph graph;
    private final boolean scaled;
    private final List<String> parts;
    private final Replicas<Run> replicas;
    private Run current;

    /**
     * @param withLogProbs whether to evaluate {@link #logProb}, which costs an evaluation of the network if the loss needs
     *     none
     */
    LossGraph(Policy owner, PolicyLoss loss, ClipRange clipRange, int rows, boolean withLogProbs) {
        this.feed = new RowFeed(owner, clipRange, rows);
        this.parameters = List.copyOf(owner.parameters().keySet());
        PolicyTerms symbols = feed.terms();
        Value total = perRow(loss, symbols).mul(feed.perRow(WEIGHT)).sum();
        Map<String, Value> forward = new LinkedHashMap<>();
        forward.put("loss", total);
        if (withLogProbs) {
            forward.put(LOG_PROB, symbols.logProb());
        }
        symbols.reported().forEach((name, value) -> forward.put(PART + name, value));
        this.parts = List.copyOf(symbols.reported().keySet());
        this.scaled = Graph.topologicalOrder(List.of(total)).stream().anyMatch(v -> v.type() == DataType.FLOAT16);
        Value upstream = scaled ? feed.input(LOSS_SCALE, Shape.SCALAR) : total.like(1);
        Map<String, Value> wrt = new LinkedHashMap<>();
        feed.policy().factors().forEach(factor -> wrt.put(GRADIENT + factor.label(), factor));
        this.graph = Lowering.of(owner.backend()).update(Graph.of(forward), Map.of("loss", upstream), wrt);
        this.replicas = Replicas.of(owner.backend(), Run::new);
        this.current = replicas.all().get(0);
    }

    /** One replica of the graph, and the results of its last run. */
    private final class Run implements Replicas.Replica {
        private final RowFeed.Buffers inputs = feed.buffers(graph);
        private final Map<String, TensorData> outputs = new LinkedHashMap<>();
        private final Executable executable;
        private int used;
        private double weight;
        private long networkNanos;

        Run(Backend backend) {
            graph.outputs().forEach((name, value) -> outputs.put(name, TensorData.zeros(value.type(), value.shape())));
            this.executable = backend.compile(graph); // last, so that nothing that fails leaves it open
        }

        Run of(List<Row> rows, double newWeight, double lossScale) {
            used = rows.size();
            weight = newWeight;
            inputs.fill(rows);
            for (int i = 0; i < rows(); i++) {
                inputs.set(WEIGHT, i, i < used ? weight : 0);
            }
            if (scaled) {
                inputs.set(LOSS_SCALE, 0, lossScale);
            }
            long start = System.nanoTime();
            executable.run(inputs.tensors(), outputs);
            networkNanos += System.nanoTime() - start;
            return this;
        }

        Map<String, Double> parts() {
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

        @Override
        public void close() {
            executable.close();
        }
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

    @Override
    public int rows() {
        return feed.rows();
    }

    boolean usesOldMeans() {
        return feed.terms().usesOldMean();
    }

    @Override
    public boolean isScaled() {
        return scaled;
    }

    @Override
    public void run(List<Row> batch, double weight, double lossScale) {
        current = replicas.all().get(0).of(batch, weight, lossScale);
    }

    @Override
    public void runAll(List<List<Row>> batches, double weight, double lossScale, Consumer<List<Row>> onBatch) {
        Iterator<List<Row>> each = batches.iterator();
        replicas.inOrder(batches.size(), (replica, i) -> replica.of(batches.get(i), weight, lossScale), run -> {
            current = run;
            onBatch.accept(each.next());
        });
    }

    @Override
    public double value() {
        return current.outputs.get("loss").getDouble(0);
    }

    @Override
    public Map<String, Double> parts() {
        return current.parts();
    }

    /** NaN where it is not evaluated. */
    double logProb(int row) {
        TensorData logProbs = current.outputs.get(LOG_PROB);
        return logProbs == null ? Double.NaN : logProbs.getDouble(row);
    }

    @Override
    public List<FloatBuffer> gradients() {
        return parameters.stream()
                .map(name -> current.outputs.get(GRADIENT + name).floats())
                .toList();
    }

    @Override
    public long networkNanos() {
        return replicas.all().stream().mapToLong(run -> run.networkNanos).sum();
    }

    @Override
    public void close() {
        replicas.close();
    }
}
