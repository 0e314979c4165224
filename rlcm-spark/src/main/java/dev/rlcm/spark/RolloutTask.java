package dev.rlcm.spark;

import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.RolloutRequest;
import dev.rlcm.random.Noise;
import dev.rlcm.reward.Prompt;
import dev.rlcm.reward.RewardFailure;
import dev.rlcm.reward.Sample;
import dev.rlcm.reward.Score;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.broadcast.Broadcast;

/**
 * Samples one batch of a rollout and scores its pictures. A batch is the same whoever samples it, and whenever: prompts, noise and
 * adapter are all it depends on.
 *
 * @param noise serialisable
 * @param batch how many trajectories a batch has
 * @param scores whether pictures are scored here
 * @param longestSide of pictures that travel to the driver
 */
record RolloutTask(
        Assignment assignment,
        Broadcast<AdapterWeights> adapter,
        ArrayList<PromptData> prompts,
        Noise noise,
        int batch,
        boolean scores,
        int longestSide)
        implements FlatMapFunction<Integer, StoredTrajectory>, Serializable {
    @Override
    public Iterator<StoredTrajectory> call(Integer index) {
        int start = index * batch;
        List<PromptData> own = prompts.subList(start, Math.min(prompts.size(), start + batch));
        return Workers.with(assignment, worker -> sampled(worker, own, start)).iterator();
    }

    private List<StoredTrajectory> sampled(Worker worker, List<PromptData> own, int start) {
        List<Prompt> asked = own.stream().map(PromptData::toPrompt).toList();
        Noise shifted = (trajectory, draw, size) -> noise.draw(start + trajectory, draw, size);
        Rollout rollout = worker.policy(adapter.value()).rollout(RolloutRequest.of(asked, shifted));
        List<Sample> samples = rollout.samples();
        List<Score> known = scores ? worker.reward().attempt(samples, RewardFailure.FAIL) : List.of();
        return IntStream.range(0, samples.size())
                .mapToObj(i -> StoredTrajectory.of(
                        start + i,
                        rollout.trajectories().get(i),
                        own.get(i),
                        scores ? ScoreData.of(known.get(i)) : null,
                        PictureData.of(samples.get(i), longestSide)))
                .toList();
    }
}
