package dev.rlcm.ppo;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.Executable;
import dev.rlcm.compilation.Lowering;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.optim.GradientDescent;
import dev.rlcm.parallel.Replicas;
import dev.rlcm.policy.Policy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * An expression over rows, evaluated with the policy's present weights by a forward pass, on all replicas of the policy's
 * backend at once.
 */
final class RowValues implements AutoCloseable {
    private static final String RESULT = "result";

    private final RowFeed feed;
    private final Value expression;
    private final Graph graph;
    private final Replicas<Forward> replicas;

    /**
     * @param rows how many a run takes
     * @param expression [B,...], FLOAT32
     */
    RowValues(Policy owner, ClipRange clipRange, int rows, Function<PolicyTerms, Value> expression) {
        this.feed = new RowFeed(owner, clipRange, rows);
        this.expression = expression.apply(feed.terms());
        this.graph = Lowering.of(owner.backend()).forward(Graph.of(RESULT, this.expression));
        this.replicas = Replicas.of(owner.backend(), Forward::new);
    }

    /** One replica of the graph. */
    private final class Forward implements Replicas.Replica {
        private final RowFeed.Buffers inputs = feed.buffers(graph);
        private final TensorData result = TensorData.zeros(expression.type(), expression.shape());
        private final Executable executable;
        private long networkNanos;

        Forward(Backend backend) {
            this.executable = backend.compile(graph); // last, so that nothing that fails leaves it open
        }

        /** The values of each row, flattened. */
        List<float[]> of(List<Row> rows) {
            inputs.fill(rows);
            long start = System.nanoTime();
            executable.run(inputs.tensors(), Map.of(RESULT, result));
            networkNanos += System.nanoTime() - start;
            float[] all = result.toFloats();
            int width = all.length / feed.rows();
            List<float[]> values = new ArrayList<>();
            for (int i = 0; i < rows.size(); i++) {
                values.add(Arrays.copyOfRange(all, i * width, (i + 1) * width));
            }
            return values;
        }

        @Override
        public void close() {
            executable.close();
        }
    }

    /** The expression's values for each row, flattened. */
    List<float[]> of(List<Row> rows) {
        List<List<Row>> chunks = GradientDescent.chunks(rows, feed.rows());
        List<float[]> values = new ArrayList<>();
        replicas.inOrder(chunks.size(), (replica, i) -> replica.of(chunks.get(i)), values::addAll);
        return values;
    }

    /** The same for an expression [B]: one number for each row. */
    double[] numbers(List<Row> rows) {
        return of(rows).stream().mapToDouble(value -> value[0]).toArray();
    }

    /** Time spent inside the backend since this was made, that of all replicas together. */
    long networkNanos() {
        return replicas.all().stream()
                .mapToLong(replica -> replica.networkNanos)
                .sum();
    }

    @Override
    public void close() {
        replicas.close();
    }
}
