package dev.rlcm.ppo;

import dev.rlcm.check.Check;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.mdp.GaussianStep;
import dev.rlcm.mdp.Schedule;
import dev.rlcm.policy.PolicyGraph;
import dev.rlcm.reward.DifferentiableReward;
import dev.rlcm.rewrite.Rewriter;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The deterministic policy gradient: minus the reward of the picture that the last steps of a trajectory lead to, differentiated
 * through the reward, the decoder and every one of these steps. See {@link Objective#directReward}.
 *
 * @param steps K, the last ones of the schedule
 */
record DirectReward(DifferentiableReward reward, Schedule schedule, int steps, StepNoise noise) implements PolicyLoss {
    DirectReward {
        Check.between(1, schedule.evaluations(), "steps", steps);
    }

    @Override
    public Value of(PolicyTerms terms) {
        PolicyGraph policy = terms.policy();
        Value latents = policy.state();
        List<GaussianStep> all = schedule.steps();
        for (int k = all.size() - steps; k < all.size(); k++) {
            GaussianStep step = k == all.size() - 1 ? schedule.decode() : all.get(k);
            latents = policy.after(latents, step);
            if (step.isStochastic()) {
                latents = latents.add(noise(terms, latents.shape(), k).mul(step.sigma()));
            }
        }
        return terms.report("reward", rewards(terms, policy.picture(latents))).neg();
    }

    private Value noise(PolicyTerms terms, Shape latents, int step) {
        Shape one = Shape.of(Arrays.copyOfRange(latents.toArray(), 1, latents.rank()));
        return terms.perRow(one, row -> noise.draw(row.trajectory(), step, (int) one.size()));
    }

    /** The reward's graph on a picture, [B,3,H,W] to [B]. */
    private Value rewards(PolicyTerms terms, Value picture) {
        Graph graph = reward.graph(picture.dim(0), picture.dim(2), picture.dim(3));
        Map<Value, Value> replacements = new HashMap<>();
        for (Value input : graph.inputs()) {
            boolean isPicture = input.label().equals(DifferentiableReward.PICTURE);
            replacements.put(input, isPicture ? picture : condition(terms, input));
        }
        Value rewards = Rewriter.rewrite(graph, value -> replacements.getOrDefault(value, value))
                .outputs()
                .values()
                .iterator()
                .next();
        return rewards.reshape(picture.dim(0));
    }

    private Value condition(PolicyTerms terms, Value input) {
        Shape one = Shape.of(Arrays.copyOfRange(input.shape().toArray(), 1, input.rank()));
        return terms.perRow(one, row -> {
            String prompt = row.trajectory().prompt();
            TensorData values = reward.condition(prompt).get(input.label());
            if (values == null) {
                throw new IllegalArgumentException(
                        reward.name() + " gives its graph no " + input.label() + " for \"" + prompt + "\"");
            }
            return values.toFloats();
        });
    }
}
