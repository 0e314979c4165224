package dev.rlcm.ppo;

import dev.rlcm.graph.TensorData;
import dev.rlcm.policy.Rollout;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Turns rewards into advantages: how much better a sample is than expected.
 *
 * <p>A host's own estimator is a lambda. One that remembers something between calls overrides {@link #state} and {@link
 * #restore}, so that checkpoints hold it and an epoch that failed can be taken back; one with settings overrides {@code
 * toString}, by which checkpoints tell it from others. Estimators are not thread-safe.
 */
@FunctionalInterface
public interface AdvantageEstimator {
    /**
     * The advantages of one rollout, [B], in a new array. An estimator that remembers rewards counts these: call it once per
     * rollout.
     *
     * @param keys what each sample is compared within, its prompt as a rule, [B]
     * @param rewards [B], finite
     * @throws IllegalArgumentException if lengths differ or a reward is not finite, naming its index
     */
    double[] estimate(List<String> keys, double[] rewards);

    /**
     * The advantages of one rollout, for estimators that look at more than prompts and rewards; others need not override it. They
     * may give one advantage per action, trajectory by trajectory, see {@link PpoOptimizer#update(Rollout, double[])}.
     *
     * @param rewards one per trajectory, finite
     * @throws IllegalArgumentException as {@link #estimate(List, double[])}
     */
    default double[] estimate(Rollout rollout, double[] rewards) {
        return estimate(rollout.prompts(), rewards);
    }

    /**
     * The share, in [0, 1], of the last estimate's groups whose rewards were all equal and so taught nothing. Estimators that
     * do not count them return 0.
     */
    default double zeroStdShare() {
        return 0;
    }

    /** What must be kept for a run to be resumed: a copy, which later calls do not change. */
    default State state() {
        return State.EMPTY;
    }

    /**
     * Continues from a state of an estimator of the same settings, in place of what this one remembers.
     *
     * @throws IllegalArgumentException if it is of another one; nothing is restored then
     */
    default void restore(State state) {
        if (!state.equals(State.EMPTY)) {
            throw new IllegalArgumentException("this estimator remembers nothing, got a state of "
                    + state.values().keySet() + " and " + state.tensors().keySet());
        }
    }

    /**
     * An estimator's memory, as a checkpoint holds it.
     *
     * @param values plain values, which become JSON: strings, booleans, finite numbers, and lists and maps of these, maps in an
     *     order that is kept. What was a number may come back as another type of number of the same value
     * @param tensors what is too large for that, such as the weights of a value function
     */
    record State(Map<String, Object> values, Map<String, TensorData> tensors) {
        /** Of an estimator that remembers nothing. */
        public static final State EMPTY = new State(Map.of(), Map.of());

        /** Copies the maps, their order included. */
        public State {
            values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
            tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
        }
    }

    /**
     * (reward - mean) / (std + 1e-6) over the last {@code bufferSize} rewards of the same prompt, this rollout's included,
     * once there are {@code minCount} of them; over the whole rollout until then. Population std. As DDPO (arXiv:2305.13301,
     * section 4.2) and RLCM (appendix B) do. Remembers 10,000 prompts, see {@link #perPrompt(int, int, int)}.
     *
     * @param bufferSize how many rewards of a prompt are remembered, at least 1
     * @param minCount in [1, bufferSize]
     */
    static AdvantageEstimator perPrompt(int bufferSize, int minCount) {
        return perPrompt(bufferSize, minCount, PerPromptAdvantages.DEFAULT_MAX_PROMPTS);
    }

    /**
     * The same with a chosen number of prompts. After each rollout, the prompts that have gone longest without a reward are
     * forgotten. A forgotten prompt that returns starts anew.
     *
     * @param maxPrompts how many prompts are remembered between rollouts, at least 1; one takes about a kilobyte with a buffer
     *     of 16
     */
    static AdvantageEstimator perPrompt(int bufferSize, int minCount, int maxPrompts) {
        return new PerPromptAdvantages(bufferSize, minCount, maxPrompts);
    }

    /** (reward - mean) / (std + 1e-6) over the rollout, whatever the prompts: global statistics. Population std. */
    static AdvantageEstimator wholeBatch() {
        return new WholeBatchAdvantages();
    }

    /**
     * (reward - mean of the prompt's samples in this rollout) / (std + 1e-6). The std is that of these differences over the
     * whole rollout, so differences between prompts do not count, however large they are. A rollout must have several samples
     * of each prompt: the advantage of a single one is 0.
     */
    static AdvantageEstimator withinPrompt() {
        return new WithinPromptAdvantages(null);
    }

    /**
     * (reward - mean of the prompt's samples in this rollout) / scale, with the same scale throughout training. Rewards often
     * differ less and less as training goes on. Dividing by their spread would then give the same difference ever more weight,
     * until it outgrows a term of the loss that holds the policy back. A fixed scale keeps reward and term in proportion. Liu
     * et al., 2025, arXiv:2503.20783, leave out the division for a similar reason.
     *
     * @param scale the difference that is an advantage of 1, in the reward's unit, positive: about the spread within a
     *     prompt before training
     */
    static AdvantageEstimator withinPrompt(double scale) {
        return new WithinPromptAdvantages(scale);
    }

    /**
     * reward - mean of the prompt's other samples in this rollout: the baseline does not depend on the sample, so that the policy
     * gradient stays unbiased, and nothing is divided by a spread. Kool et al., 2019, "Buy 4 REINFORCE samples, get a baseline
     * for free!"; Ahmadian et al., 2024, arXiv:2402.14740 (RLOO). Advantages are in the reward's unit: choose the learning rate
     * and {@link PpoConfig#advantageClamp} for it. A prompt's only sample has advantage 0.
     */
    static AdvantageEstimator leaveOneOut() {
        return new GroupAdvantages("leaveOneOut()", GroupAdvantages::leaveOneOut);
    }

    /**
     * (win rate - 1/2) / (std + 1e-6) within the prompt's samples in this rollout, the win rate of a sample being the share of the
     * others that it beats, ties counted as half. Only the order of rewards counts, so that neither an outlier nor a reward that
     * differs by next to nothing distorts the advantages. Wang et al., 2025, arXiv:2508.20751 (Pref-GRPO), who let a preference
     * model judge the pairs; here the reward does. Population std. A prompt's only sample has advantage 0.
     */
    static AdvantageEstimator winRate() {
        return new GroupAdvantages("winRate()", GroupAdvantages::winRate);
    }
}
