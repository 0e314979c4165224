package dev.rlcm.ppo;

import dev.rlcm.check.Check;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import dev.rlcm.policy.Policy;
import dev.rlcm.policy.PolicyGraph;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.Transition;
import dev.rlcm.reward.Prompt;
import dev.rlcm.reward.Sample;
import java.util.ArrayList;
import java.util.List;

/**
 * The pictures that a policy predicts before each action of a trajectory: a consistency model says at every step where the
 * trajectory will end. The decoded mean of the next state without its noise, D(mu / sqrt(1 - sigma^2)).
 *
 * <p>Only for schedules that noise a prediction to sqrt(1 - sigma^2) x0 + sigma z, as {@link
 * dev.rlcm.mdp.LatentConsistencySchedule} does. The policy's present weights count. Not thread-safe. Compiles a graph with the
 * network and the decoder, which takes memory until this, or the policy's backend, is closed.
 */
public final class StepPredictions implements AutoCloseable {
    private final RowValues pictures;
    private final Shape shape;

    private StepPredictions(RowValues pictures, Shape shape) {
        this.pictures = pictures;
        this.shape = shape;
    }

    /**
     * Of that policy.
     *
     * @param rows how many actions a run of the graph takes, at least 1; changes speed and memory, not the result
     * @throws IllegalStateException if the policy has no decoder, see {@link PolicyGraph#withDecoder}
     */
    public static StepPredictions of(Policy policy, int rows) {
        Check.atLeast(1, "rows", rows);
        Shape shape = picture(policy.graph(rows)).shape();
        return new StepPredictions(
                new RowValues(policy, ClipRange.of(0), rows, terms -> picture(terms.policy())), shape);
    }

    private static Value picture(PolicyGraph policy) {
        Value signal = policy.sigma().square().neg().add(1).sqrt(); // [B], what x0 is scaled with
        return policy.picture(policy.mean().div(policy.spread(signal)));
    }

    /** One picture for every action, trajectory by trajectory, with the trajectory's prompt. */
    public List<Sample> of(Rollout rollout) {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < rollout.size(); i++) {
            for (Transition transition : rollout.transitions(i)) {
                rows.add(new Row(transition, 0, 0)); // A prediction reads neither old log-probability nor advantage.
            }
        }
        List<float[]> pixels = pictures.of(rows);
        List<Sample> samples = new ArrayList<>();
        for (int i = 0; i < pixels.size(); i++) {
            Sample last = rows.get(i).transition().trajectory().sample();
            samples.add(Sample.of(last.prompt(), shape.dim(2), shape.dim(3), pixels.get(i))
                    .withPrompt(new Prompt(last.prompt(), last.metadata())));
        }
        return samples;
    }

    @Override
    public void close() {
        pictures.close();
    }
}
