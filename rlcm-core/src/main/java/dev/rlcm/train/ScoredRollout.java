package dev.rlcm.train;

import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.Trajectory;
import dev.rlcm.ppo.AdvantageEstimator;
import dev.rlcm.reward.RewardException;
import dev.rlcm.reward.RewardFailure;
import dev.rlcm.reward.Score;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.commons.math3.stat.StatUtils;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;

/**
 * A rollout and the scores of its pictures as an update sees them, where some scores are missing. Trajectories to be dropped are
 * gone, as if they had never been sampled. Neutral ones are in the update but in no statistics.
 *
 * @param rollout without the dropped trajectories
 * @param scores of its pictures
 * @param unscored the dropped and the neutral pictures
 */
record ScoredRollout(Rollout rollout, List<Score> scores, List<Unscored> unscored) {
    /**
     * Takes the dropped trajectories out.
     *
     * @throws RewardException the first reason, if not one picture has a score
     */
    static ScoredRollout of(Rollout sampled, List<Score> scores) {
        List<Unscored> unscored = new ArrayList<>();
        List<Integer> kept = new ArrayList<>();
        for (int i = 0; i < scores.size(); i++) {
            if (scores.get(i) instanceof Score.Missing missing) {
                unscored.add(new Unscored(i, sampled.trajectories().get(i).prompt(), missing));
            }
            if (!(scores.get(i) instanceof Score.Missing missing && missing.policy() == RewardFailure.DROP)) {
                kept.add(i);
            }
        }
        if (!unscored.isEmpty() && unscored.size() == scores.size()) {
            throw unscored.get(0).missing().reason();
        }
        List<Score> keptScores = kept.stream().map(scores::get).toList();
        return new ScoredRollout(sampled.select(kept), keptScores, List.copyOf(unscored));
    }

    /** One reward per trajectory. A neutral one has the mean of its prompt's scores, or of all scores if its prompt has none. */
    double[] rewards() {
        int[] present = present();
        double[] known = numbers(present);
        Map<String, SummaryStatistics> byPrompt = new HashMap<>();
        for (int i = 0; i < present.length; i++) {
            byPrompt.computeIfAbsent(prompt(present[i]), key -> new SummaryStatistics())
                    .addValue(known[i]);
        }
        double[] rewards = new double[scores.size()];
        for (int i = 0; i < rewards.length; i++) {
            SummaryStatistics others = byPrompt.get(prompt(i));
            rewards[i] = scores.get(i) instanceof Score.Value score
                    ? score.value()
                    : others != null ? others.getMean() : StatUtils.mean(known);
        }
        return rewards;
    }

    /** One advantage per trajectory, or per action if the estimator says so: 0 for neutral ones, which it never sees. */
    double[] advantages(AdvantageEstimator credit) {
        int[] present = present();
        Rollout scored = rollout.select(IntStream.of(present).boxed().toList());
        double[] estimated = credit.estimate(scored, numbers(present));
        boolean byAction = estimated.length != present.length;
        int actions =
                scored.trajectories().stream().mapToInt(Trajectory::actions).sum();
        if (byAction && estimated.length != actions) {
            throw new IllegalArgumentException("the estimator of advantages must give " + present.length
                    + ", one per trajectory, or " + actions + ", one per action, got " + estimated.length);
        }
        List<double[]> parts = new ArrayList<>();
        int next = 0;
        for (int i = 0; i < scores.size(); i++) {
            double[] part = new double[byAction ? rollout.trajectories().get(i).actions() : 1];
            if (scores.get(i) instanceof Score.Value) {
                System.arraycopy(estimated, next, part, 0, part.length);
                next += part.length;
            }
            parts.add(part);
        }
        return parts.stream().flatMapToDouble(Arrays::stream).toArray();
    }

    private int[] present() {
        return IntStream.range(0, scores.size())
                .filter(i -> scores.get(i) instanceof Score.Value)
                .toArray();
    }

    private double[] numbers(int[] present) {
        return Score.numbers(IntStream.of(present).mapToObj(scores::get).toList());
    }

    private String prompt(int index) {
        return rollout.trajectories().get(index).prompt();
    }
}
