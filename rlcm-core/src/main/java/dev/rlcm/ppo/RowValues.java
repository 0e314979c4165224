package dev.rlcm.ppo;

import dev.rlcm.backend.Executable;
import dev.rlcm.compilation.Lowering;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.policy.Policy;
import dev.rlcm.policy.PolicyGraph;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** An expression over rows, evaluated with the policy's present weights by a forward pass. */
final class RowValues implements AutoCloseable {
    private static final String RESULT = "result";

    private final RowFeed feed;
    private final Executable executable;
    private final PolicyGraph.Batch batch;
    private final TensorData result;
    private long networkNanos;

    /**
     * @param rows how many a run takes
     * @param expression [B,...], FLOAT32
     */
    RowValues(Policy owner, ClipRange clipRange, int rows, Function<PolicyTerms, Value> expression) {
        this.feed = new RowFeed(owner, clipRange, rows);
        Value value = expression.apply(feed.terms());
        Graph graph = Lowering.of(owner.backend()).forward(Graph.of(RESULT, value));
        this.executable = owner.backend().compile(graph);
        this.batch = feed.bind(graph);
        this.result = TensorData.zeros(value.type(), value.shape());
    }

    /** Of every row what the expression has for it, flattened. */
    List<float[]> of(List<Row> rows) {
        List<float[]> values = new ArrayList<>();
        int width = (int) (result.shape().size() / feed.rows());
        for (int from = 0; from < rows.size(); from += feed.rows()) {
            List<Row> chunk = rows.subList(from, Math.min(rows.size(), from + feed.rows()));
            feed.fill(batch, chunk);
            long start = System.nanoTime();
            executable.run(batch.inputs(), Map.of(RESULT, result));
            networkNanos += System.nanoTime() - start;
            float[] all = result.toFloats();
            for (int i = 0; i < chunk.size(); i++) {
                values.add(Arrays.copyOfRange(all, i * width, (i + 1) * width));
            }
        }
        return values;
    }

    /** The same of an expression [B]. */
    double[] numbers(List<Row> rows) {
        return of(rows).stream().mapToDouble(value -> value[0]).toArray();
    }

    /** Time spent inside the backend since this was made. */
    long networkNanos() {
        return networkNanos;
    }

    @Override
    public void close() {
        executable.close();
    }
}
