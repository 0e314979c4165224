package dev.rlcm.train;

import dev.rlcm.train.RewardHacking.Evaluation;
import dev.rlcm.train.RewardHacking.Suspicion;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * The evaluations of a run in their order, all of the same prompts and noises: which one is the best, and whether the run still
 * gets better. Without shadows the best is the one of the highest mean reward. With shadows only those count that are {@linkplain
 * RewardHacking#isHealthy healthy} and come before the first suspicion. Not thread-safe.
 */
public final class EvaluationCourse {
    private final List<Evaluation> evaluations = new ArrayList<>();
    private double best = Double.NEGATIVE_INFINITY;
    private int bestIndex;

    /**
     * Takes the next evaluation.
     *
     * @return whether it is the best so far, so that its parameters should be kept
     */
    public boolean add(Evaluation evaluation) {
        evaluations.add(evaluation);
        boolean better = evaluation.reward() > best
                && RewardHacking.isHealthy(evaluations)
                && suspicion().isEmpty();
        if (better) {
            best = evaluation.reward();
            bestIndex = evaluations.size() - 1;
        }
        return better;
    }

    /** In the order of the run. */
    public List<Evaluation> evaluations() {
        return Collections.unmodifiableList(evaluations);
    }

    /**
     * How many epochs were done at the best evaluation.
     *
     * @throws IndexOutOfBoundsException if there is no evaluation
     */
    public int bestEpoch() {
        return evaluations.get(bestIndex).epoch();
    }

    /** How many evaluations in a row were not better than the best one before them; 0 if there are none. */
    public int sinceBest() {
        return Math.max(0, evaluations.size() - 1 - bestIndex);
    }

    /** Why the run is suspicious, if it is. */
    public Optional<Suspicion> suspicion() {
        return RewardHacking.suspicion(evaluations);
    }
}
