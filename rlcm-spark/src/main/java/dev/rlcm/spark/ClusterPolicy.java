package dev.rlcm.spark;

import dev.rlcm.backend.Backend;
import dev.rlcm.lora.LoraAdapter;
import dev.rlcm.mdp.Schedule;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.PolicyGraph;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.RolloutPlan;
import dev.rlcm.policy.RolloutRequest;
import dev.rlcm.policy.Trajectory;
import dev.rlcm.reward.Sample;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.storage.StorageLevel;
import org.jspecify.annotations.Nullable;

/** Samples on the executors; the adapter is the driver's. */
final class ClusterPolicy implements ConsistencyPolicy {
    private final JavaSparkContext spark;
    private final Assignment assignment;
    private final ConsistencyPolicy local;
    private final ClusterReward reward;
    private final int longestSide;
    private @Nullable ClusterRollout latest;

    ClusterPolicy(
            JavaSparkContext spark,
            Assignment assignment,
            ConsistencyPolicy local,
            ClusterReward reward,
            int longestSide) {
        this.spark = spark;
        this.assignment = assignment;
        this.local = local;
        this.reward = reward;
        this.longestSide = longestSide;
    }

    @Override
    public Rollout rollout(RolloutRequest request) {
        if (!(request.noise() instanceof Serializable)) {
            throw new IllegalArgumentException(
                    "noise must be serialisable to reach the executors, as RandomStreams are, got "
                            + request.noise().getClass().getName());
        }
        release();
        int batch = plan().batch();
        int count = request.prompts().size();
        int batches = (count + batch - 1) / batch;
        Broadcast<AdapterWeights> weights = spark.broadcast(AdapterWeights.of(parameters()));
        RolloutTask task = new RolloutTask(
                assignment,
                weights,
                new ArrayList<>(request.prompts().stream().map(PromptData::of).toList()),
                request.noise(),
                batch,
                reward.isScoredByExecutors(),
                reward.isScoredByExecutors() ? longestSide : Integer.MAX_VALUE);
        List<Integer> indices = IntStream.range(0, batches).boxed().toList();
        JavaRDD<StoredTrajectory> trajectories =
                spark.parallelize(indices, batches).flatMap(task).persist(StorageLevel.MEMORY_AND_DISK());
        ClusterRollout rollout = new ClusterRollout(trajectories, weights);
        latest = rollout;
        List<StoredTrajectory.Summary> summaries =
                Jobs.run("sample " + count + " trajectories", spark, () -> trajectories
                        .map(StoredTrajectory::summary)
                        .collect());
        List<Trajectory> remote = summaries.stream()
                .<Trajectory>map(summary -> new RemoteTrajectory(rollout, summary, schedule(), sample(summary)))
                .toList();
        List<Sample> samples = remote.stream().map(Trajectory::sample).toList();
        for (int start = 0; start < count; start += batch) {
            request.onBatch().accept(samples.subList(start, Math.min(count, start + batch)));
        }
        return new Rollout(remote);
    }

    private Sample sample(StoredTrajectory.Summary summary) {
        Sample sample = summary.picture().toSample(summary.prompt().toPrompt());
        ScoreData score = summary.score();
        if (score != null) {
            reward.know(sample, score.toScore());
        }
        return sample;
    }

    /** Frees the latest rollout on the executors. */
    void release() {
        ClusterRollout rollout = latest;
        if (rollout != null) {
            rollout.release();
            latest = null;
        }
    }

    @Override
    public LoraAdapter adapter() {
        return local.adapter();
    }

    @Override
    public RolloutPlan plan() {
        return local.plan();
    }

    @Override
    public Schedule schedule() {
        return local.schedule();
    }

    @Override
    public PolicyGraph graph(int rows) {
        return local.graph(rows);
    }

    @Override
    public Backend backend() {
        return local.backend();
    }

    @Override
    public Map<String, String> description() {
        return local.description();
    }

    @Override
    public void close() {
        release();
        local.close();
    }
}
