package dev.rlcm.ppo;

import dev.rlcm.policy.Rollout;
import dev.rlcm.reward.RewardFunction;
import java.util.ArrayList;
import java.util.List;

/**
 * Advantages of a reward for every action: the change in the reward of the picture that the policy predicts, r_k = R(x0_{k+1}) -
 * R(x0_k), the last prediction being the final picture. Rewards of that form, differences of a potential, leave the best policy what
 * it was (Ng et al., 1999, "Policy invariance under reward transformations"), since they add up to R(final) - R(x0_0), whose
 * second term no action changes. The rewards of action k and those after it add up to R(final) - R(x0_k): an action is not credited with
 * what the trajectory had been worth before it. Oertell et al., 2024, section 6, name dense rewards as future work.
 *
 * <p>These returns are compared, by another estimator, with those of the same action of the prompt's other samples. The reward
 * judges one more picture for every action. Owns neither predictions nor reward; remembers nothing itself.
 */
public final class DenseAdvantages implements AdvantageEstimator {
    private final StepPredictions predictions;
    private final RewardFunction reward;
    private final AdvantageEstimator inner;

    /**
     * @param reward that of the final pictures
     * @param inner compares returns whose keys are equal, those of the same action and prompt; {@link
     *     AdvantageEstimator#withinPrompt()} as a rule
     */
    public DenseAdvantages(StepPredictions predictions, RewardFunction reward, AdvantageEstimator inner) {
        this.predictions = predictions;
        this.reward = reward.checked();
        this.inner = inner;
    }

    /** One advantage for every action, trajectory by trajectory. */
    @Override
    public double[] estimate(Rollout rollout, double[] rewards) {
        RewardStatistics.check(rollout.prompts(), rewards);
        double[] potentials = reward.score(predictions.of(rollout));
        List<String> keys = new ArrayList<>();
        double[] returns = new double[potentials.length];
        int next = 0;
        for (int i = 0; i < rollout.size(); i++) {
            int actions = rollout.trajectories().get(i).actions();
            for (int k = 0; k < actions; k++) {
                keys.add(rollout.prompts().get(i) + "\n" + k);
            }
            double[] toGo = returns(actionRewards(potentials, next, actions, rewards[i]));
            System.arraycopy(toGo, 0, returns, next, actions);
            next += actions;
        }
        return inner.estimate(keys, returns);
    }

    /** r_k = R(x0_{k+1}) - R(x0_k) of one trajectory, whose potentials begin at an index. */
    static double[] actionRewards(double[] potentials, int from, int actions, double last) {
        double[] rewards = new double[actions];
        for (int k = 0; k < actions; k++) {
            double after = k + 1 < actions ? potentials[from + k + 1] : last;
            rewards[k] = after - potentials[from + k];
        }
        return rewards;
    }

    /** The rewards of each action and those after it, added up. */
    static double[] returns(double[] rewards) {
        double[] returns = rewards.clone();
        for (int k = returns.length - 2; k >= 0; k--) {
            returns[k] += returns[k + 1];
        }
        return returns;
    }

    /** @throws UnsupportedOperationException always: predictions are those of trajectories */
    @Override
    public double[] estimate(List<String> keys, double[] rewards) {
        throw new UnsupportedOperationException("dense rewards need trajectories: call estimate(rollout, rewards)");
    }

    @Override
    public double zeroStdShare() {
        return inner.zeroStdShare();
    }

    @Override
    public State state() {
        return inner.state();
    }

    @Override
    public void restore(State state) {
        inner.restore(state);
    }

    @Override
    public String toString() {
        return "dense(" + inner + ")";
    }
}
