package dev.rlcm.examples.options;

import dev.rlcm.backend.Backend;
import dev.rlcm.mdp.ForwardStep;
import dev.rlcm.onnx.pipeline.LatentModel;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.reward.DifferentiableReward;
import dev.rlcm.reward.RewardFunction;
import java.io.IOException;
import java.util.List;

/** What an algorithm learns with: the model, its policy, and where rewards come from. */
record LearningSetting(LatentModel model, ConsistencyPolicy policy, RewardOptions rewards, Backend backend) {
    /** The forward process at the timesteps that the policy visits. */
    List<ForwardStep> forwardSteps() {
        return model.schedule().forwardSteps(policy.schedule().evaluations());
    }

    /** @throws IllegalArgumentException if the reward has no gradient */
    DifferentiableReward differentiableReward() throws IOException {
        RewardExpression expression = rewards.expression();
        RewardFunction reward = expression.isSingle()
                ? rewards.create(expression.terms().get(0).reward(), backend)
                : samples -> new double[samples.size()];
        if (reward instanceof DifferentiableReward differentiable) {
            return differentiable;
        }
        throw new IllegalArgumentException(
                "the algorithm direct needs a single reward with a gradient, such as clipscore,"
                        + " aesthetic or brightness, got " + expression);
    }
}
