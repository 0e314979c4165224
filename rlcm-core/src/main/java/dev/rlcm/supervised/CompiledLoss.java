package dev.rlcm.supervised;

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
import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Loss and gradients of a batch as one compiled graph. A row is a whole batch, by its index. */
final class CompiledLoss implements BatchLoss<Long> {
    private static final String GRADIENT = "gradient.";
    private static final String UPSTREAM = "rlcm.upstream";

    private final SupervisedTask task;
    private final boolean scaled;
    private final TensorData upstream = TensorData.zeros(DataType.FLOAT32, Shape.SCALAR);
    private final List<String> parameters;
    private final List<String> parts;
    private final Map<String, TensorData> outputs = new LinkedHashMap<>();
    private final Executable executable;
    private double weight;
    private long batchNanos;
    private long networkNanos;

    CompiledLoss(SupervisedTask task, Backend backend) {
        this.task = task;
        this.parameters = List.copyOf(task.parameters().keySet());
        Graph forward = task.loss();
        check(forward);
        this.parts = forward.outputs().keySet().stream()
                .filter(name -> !name.equals(SupervisedTask.LOSS))
                .toList();
        this.scaled = forward.topologicalOrder().stream().anyMatch(v -> v.type() == DataType.FLOAT16);
        Map<String, Value> wrt = new LinkedHashMap<>();
        parameters.forEach(name -> wrt.put(GRADIENT + name, forward.input(name)));
        Value seed = Value.input(UPSTREAM, DataType.FLOAT32, Shape.SCALAR);
        Graph graph = Lowering.of(backend).update(forward, Map.of(SupervisedTask.LOSS, seed), wrt);
        graph.outputs().forEach((name, value) -> outputs.put(name, TensorData.zeros(value.type(), value.shape())));
        this.executable = backend.compile(graph); // last, so that nothing that fails leaves it open
    }

    private void check(Graph forward) {
        forward.output(SupervisedTask.LOSS);
        forward.outputs().forEach((name, value) -> {
            if (value.type() != DataType.FLOAT32 || value.rank() != 0) {
                throw new GraphException("the output " + name + " of a loss must be one number, FLOAT32[], got "
                        + value.type() + value.shape() + "; reduce it by mean()");
            }
        });
        task.parameters().forEach((name, parameter) -> {
            Value input = forward.input(name);
            if (input.type() != DataType.FLOAT32
                    || parameter.type() != DataType.FLOAT32
                    || !input.shape().equals(parameter.shape())) {
                throw new GraphException("the parameter " + name + " is " + parameter + ", the loss takes "
                        + input.type() + input.shape() + "; both must be FLOAT32 of one shape");
            }
        });
    }

    @Override
    public int rows() {
        return 1;
    }

    @Override
    public boolean isScaled() {
        return scaled;
    }

    @Override
    public void run(List<Long> batch, double newWeight, double lossScale) {
        weight = newWeight;
        upstream.setDouble(0, newWeight * lossScale);
        long start = System.nanoTime();
        Map<String, TensorData> inputs = new LinkedHashMap<>(task.batch(batch.get(0)));
        inputs.putAll(task.parameters());
        inputs.put(UPSTREAM, upstream);
        long drawn = System.nanoTime();
        executable.run(inputs, outputs);
        batchNanos += drawn - start;
        networkNanos += System.nanoTime() - drawn;
    }

    @Override
    public double value() {
        return weight * outputs.get(SupervisedTask.LOSS).getDouble(0);
    }

    @Override
    public Map<String, Double> parts() {
        Map<String, Double> sums = new LinkedHashMap<>();
        parts.forEach(name -> sums.put(name, weight * outputs.get(name).getDouble(0)));
        return sums;
    }

    @Override
    public List<FloatBuffer> gradients() {
        return parameters.stream()
                .map(name -> outputs.get(GRADIENT + name).floats())
                .toList();
    }

    /** Time spent on batches since this was made. */
    long batchNanos() {
        return batchNanos;
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
