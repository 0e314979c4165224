package dev.rlcm.spark;

import dev.rlcm.policy.Trajectory;
import dev.rlcm.ppo.Row;
import dev.rlcm.ppo.RowEvaluator;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.broadcast.Broadcast;
import scala.Tuple2;

/**
 * Evaluates the minibatches of one partition: their trajectories have come there by a shuffle.
 *
 * @param <R> of a minibatch
 */
record ChunkTask<R>(
        Assignment assignment, Broadcast<AdapterWeights> adapter, ArrayList<Chunk> chunks, Evaluation<R> evaluation)
        implements FlatMapFunction<Iterator<Tuple2<Integer, StoredTrajectory>>, R>, Serializable {
    /** What is asked of a minibatch. */
    interface Evaluation<R> extends Serializable {
        R of(RowEvaluator evaluator, int index, List<Row> rows);
    }

    @Override
    public Iterator<R> call(Iterator<Tuple2<Integer, StoredTrajectory>> shuffled) {
        Map<Integer, Trajectory> trajectories = new HashMap<>();
        while (shuffled.hasNext()) {
            StoredTrajectory stored = shuffled.next()._2();
            trajectories.put(stored.index(), stored.toTrajectory());
        }
        int partition = TaskContext.getPartitionId();
        return Workers.with(assignment, worker -> evaluated(worker, partition, trajectories))
                .iterator();
    }

    private List<R> evaluated(Worker worker, int partition, Map<Integer, Trajectory> trajectories) {
        RowEvaluator evaluator = worker.evaluator(adapter.value());
        return chunks.stream()
                .filter(chunk -> chunk.partition() == partition)
                .map(chunk -> evaluation.of(
                        evaluator,
                        chunk.index(),
                        chunk.rows().stream()
                                .map(row -> row.toRow(trajectories))
                                .toList()))
                .toList();
    }
}
