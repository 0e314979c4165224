package dev.rlcm.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.train.RewardHacking.Evaluation;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class EvaluationCourseTest {
    private static Evaluation evaluation(int epoch, double reward) {
        return new Evaluation(epoch, new double[] {reward - 1, reward + 1, Double.NaN}, Map.of());
    }

    @Property(tries = 100)
    void theBestIsTheFirstOfTheHighestReward(
            @ForAll @Size(min = 1, max = 12) List<@IntRange(min = -5, max = 5) Integer> rewards) {
        EvaluationCourse course = new EvaluationCourse();
        for (int i = 0; i < rewards.size(); i++) {
            boolean higher = i == 0
                    || rewards.get(i)
                            > rewards.subList(0, i).stream()
                                    .max(Integer::compare)
                                    .orElseThrow();
            assertThat(course.add(evaluation(10 * i, rewards.get(i)))).isEqualTo(higher);
        }
        int best = rewards.indexOf(rewards.stream().max(Integer::compare).orElseThrow());
        assertThat(course.bestEpoch()).isEqualTo(10 * best);
        assertThat(course.sinceBest()).isEqualTo(rewards.size() - 1 - best);
    }

    @Test
    void aRewardThatRisesWhileTheShadowFallsIsNotTheBest() {
        EvaluationCourse course = new EvaluationCourse();
        double[] pictures = new Random(3).doubles(64, -1, 1).toArray();
        for (int i = 0; i < 4; i++) {
            double reward = i;
            double shadow = i < 2 ? i : -i;
            course.add(new Evaluation(
                    i,
                    Arrays.stream(pictures).map(x -> x + reward).toArray(),
                    Map.of(
                            "shadow",
                            Arrays.stream(pictures).map(x -> x + shadow).toArray())));
        }
        assertThat(course.bestEpoch()).isEqualTo(1);
        assertThat(course.sinceBest()).isEqualTo(2);
        assertThat(course.suspicion()).isPresent();
        assertThat(course.evaluations()).hasSize(4);
    }

    @Test
    void nothingIsTheBestOfNothing() {
        assertThat(new EvaluationCourse().sinceBest()).isZero();
        assertThat(new EvaluationCourse().suspicion()).isEmpty();
    }
}
