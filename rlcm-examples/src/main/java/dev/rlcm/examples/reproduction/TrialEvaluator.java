package dev.rlcm.examples.reproduction;

import dev.rlcm.examples.options.Task;
import dev.rlcm.examples.run.Evaluator;
import dev.rlcm.examples.run.Evaluator.Evaluation;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.reward.RewardFunction;
import java.io.IOException;
import java.util.Map;

/** Evaluates a policy on prompts that it is trained on and on others; prompts and noises are the same for all trials. */
final class TrialEvaluator {
    private static final long SEED = 0;
    private static final String CLIP_SCORE = Task.CLIPSCORE.toString();

    private final Evaluator seen;
    private final Evaluator unseen;

    /**
     * @param clipScore is evaluated besides
     * @param count of prompts of each kind
     */
    TrialEvaluator(ConsistencyPolicy policy, Task task, RewardFunction reward, RewardFunction clipScore, int count)
            throws IOException {
        Map<String, RewardFunction> clip = Map.of(CLIP_SCORE, clipScore);
        this.seen = new Evaluator(policy, reward, clip, task.measure, StudyPrompts.seen(), count, SEED);
        this.unseen = new Evaluator(policy, reward, Map.of(), task.measure, StudyPrompts.unseen(), count, SEED);
    }

    Evaluated evaluate() {
        return new Evaluated(seen.evaluate(), unseen.evaluate());
    }

    /** Prompts of training alone. */
    Evaluation seen() {
        return seen.evaluate();
    }

    /** Pictures of both kinds of prompts. */
    record Evaluated(Evaluation seen, Evaluation unseen) {
        double clipScore() {
            return Evaluation.mean(seen.shadows().get(CLIP_SCORE));
        }
    }
}
