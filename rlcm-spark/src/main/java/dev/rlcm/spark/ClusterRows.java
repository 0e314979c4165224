package dev.rlcm.spark;

import dev.rlcm.optim.GradientDescent;
import dev.rlcm.policy.Policy;
import dev.rlcm.ppo.Row;
import dev.rlcm.ppo.RowEvaluator;
import dev.rlcm.ppo.RowGradients;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.jspecify.annotations.Nullable;
import scala.Tuple2;

/**
 * Evaluates rows on the executors. Each call is one job: the trajectories of the rows are shuffled to the partitions of
 * their minibatches, a few hundred kilobytes each, and results come back to the driver, which takes them in the order of the
 * minibatches. The partitions decide who computes a minibatch, never what it is.
 */
final class ClusterRows implements RowEvaluator {
    private final JavaSparkContext spark;
    private final Assignment assignment;
    private final Policy policy;
    private final Traits traits;
    private long networkNanos;

    /** What executors know of the compiled loss. */
    record Traits(int rows, boolean isScaled, boolean usesOldMeans) implements Serializable {}

    private ClusterRows(JavaSparkContext spark, Assignment assignment, Policy policy, Traits traits) {
        this.spark = spark;
        this.assignment = assignment;
        this.policy = policy;
        this.traits = traits;
    }

    /**
     * Asks an executor what the loss is like, which opens the model there.
     *
     * @throws IllegalArgumentException if the loss needs the old policy's means, which do not travel
     */
    static ClusterRows open(JavaSparkContext spark, Assignment assignment, Policy policy) {
        AdapterWeights weights = AdapterWeights.of(policy.parameters());
        Traits traits = Jobs.run("open the model", spark, () -> spark.parallelize(List.of(0), 1)
                .map(any -> Workers.with(assignment, worker -> {
                    RowEvaluator evaluator = worker.evaluator(weights);
                    return new Traits(evaluator.rows(), evaluator.isScaled(), evaluator.usesOldMeans());
                }))
                .first());
        if (traits.usesOldMeans()) {
            throw new IllegalArgumentException(
                    "this objective needs the means of the old policy, which stay on the executors; choose one that does not");
        }
        return new ClusterRows(spark, assignment, policy, traits);
    }

    @Override
    public int rows() {
        return traits.rows();
    }

    @Override
    public boolean isScaled() {
        return traits.isScaled();
    }

    @Override
    public boolean usesOldMeans() {
        return false;
    }

    @Override
    public void gradients(List<List<Row>> chunks, double weight, double lossScale, Consumer<RowGradients> each) {
        evaluate(
                        "add up gradients",
                        chunks,
                        (evaluator, index, rows) -> ChunkResult.of(evaluator, index, rows, weight, lossScale))
                .stream()
                .sorted(Comparator.comparing(ChunkResult::index))
                .forEach(result -> {
                    networkNanos += result.nanos();
                    each.accept(result.toGradients());
                });
    }

    /** @param index of the minibatch */
    private record Scores(int index, double[] values) implements Serializable {}

    @Override
    public double[] scores(List<Row> rows) {
        return evaluate(
                        "score pairs",
                        GradientDescent.chunks(rows, rows()),
                        (evaluator, index, chunk) -> new Scores(index, evaluator.scores(chunk)))
                .stream()
                .sorted(Comparator.comparing(Scores::index))
                .flatMapToDouble(scores -> Arrays.stream(scores.values()))
                .toArray();
    }

    @Override
    public List<float[]> means(List<Row> rows) {
        throw new UnsupportedOperationException("the old policy's means stay on the executors");
    }

    private <R> List<R> evaluate(String what, List<List<Row>> minibatches, ChunkTask.Evaluation<R> evaluation) {
        if (minibatches.isEmpty()) {
            return List.of();
        }
        ClusterRollout rollout = rollout(minibatches);
        int partitions = Math.min(minibatches.size(), spark.defaultParallelism());
        ArrayList<Chunk> chunks = new ArrayList<>();
        Map<Integer, Set<Integer>> destinations = new HashMap<>();
        for (int i = 0; i < minibatches.size(); i++) {
            int partition = (int) ((long) i * partitions / minibatches.size());
            List<RowReference> rows =
                    minibatches.get(i).stream().map(RowReference::of).toList();
            rows.forEach(row -> destinations
                    .computeIfAbsent(row.trajectory(), key -> new TreeSet<>())
                    .add(partition));
            chunks.add(new Chunk(i, partition, new ArrayList<>(rows)));
        }
        Broadcast<AdapterWeights> weights = spark.broadcast(AdapterWeights.of(policy.parameters()));
        try {
            JavaPairRDD<Integer, StoredTrajectory> shuffled = rollout.trajectories()
                    .flatMapToPair(trajectory -> destinations.getOrDefault(trajectory.index(), Set.of()).stream()
                            .map(partition -> new Tuple2<>(partition, trajectory))
                            .iterator())
                    .partitionBy(new ChunkPartitioner(partitions));
            JavaRDD<R> results = shuffled.mapPartitions(new ChunkTask<>(assignment, weights, chunks, evaluation));
            return Jobs.run(what, spark, results::collect);
        } finally {
            weights.destroy();
        }
    }

    private static ClusterRollout rollout(List<List<Row>> chunks) {
        @Nullable ClusterRollout first = null;
        for (List<Row> chunk : chunks) {
            for (Row row : chunk) {
                RowReference.of(row);
                ClusterRollout own = ((RemoteTrajectory) row.transition().trajectory()).rollout();
                if (first != null && own != first) {
                    throw new IllegalArgumentException("an optimiser step must be on trajectories of one rollout");
                }
                first = own;
            }
        }
        return Objects.requireNonNull(first);
    }

    @Override
    public long networkNanos() {
        return networkNanos;
    }

    /** Nothing: workers belong to the executors. */
    @Override
    public void close() {}
}
