package dev.rlcm.mdp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rlcm.graph.TensorData;
import java.util.LinkedHashMap;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DdimScheduleTest {
    @ParameterizedTest
    @ValueSource(strings = {"sd15", "alphaone"})
    void everyTransitionOfDdpoIsReproduced(String name) {
        JsonNode golden = Goldens.json("scheduler-golden/ddim_schedule.json").path(name);
        DdimSchedule ddim = DdimSchedule.fromConfig(map(golden.path("config")));
        assertThat(ddim.timesteps(50)).containsExactly(Goldens.ints(golden.path("timesteps")));
        Map<String, TensorData> arrays = Goldens.arrays("scheduler-golden/ddim_steps.npz");
        int transitions = 0;
        for (double eta : new double[] {0.5, 1}) {
            Schedule schedule = ddim.withEta(eta).steps(50);
            for (int k = 0; k < 50; k++) {
                String prefix = name + "_i" + k + "_eta" + eta + "_";
                if (!arrays.containsKey(prefix + "sample")) {
                    continue;
                }
                transitions++;
                assertTransition(schedule.steps().get(k), new TransitionGolden(arrays, prefix));
            }
        }
        assertThat(transitions).isPositive();
    }

    private static void assertTransition(GaussianStep step, TransitionGolden golden) {
        assertThat(step.timestep()).isEqualTo(golden.get("timestep").getDouble(0));
        assertThat(step.sigma()).isCloseTo(golden.get("std").getDouble(0), within(1e-6));
        golden.assertMean(step, "mean", 1e-6);
        golden.assertNext(step, 1e-6);
        golden.assertLogProb(step, "prev_sample", "log_prob", 1e-6);
        golden.assertLogProb(step, "other_prev_sample", "other_log_prob", 1e-6);
        golden.assertGradient(step, 1e-5);
    }

    @Test
    void theEmojiTeachersTimestepsAreLeading() {
        assertThat(DdimSchedule.defaults().timesteps(10))
                .containsExactly(901, 801, 701, 601, 501, 401, 301, 201, 101, 1);
    }

    @Test
    void theOffsetIsAddedToEveryTimestep() {
        assertThat(DdimSchedule.defaults().withStepsOffset(7).timesteps(4)).containsExactly(757, 507, 257, 7);
    }

    @Property
    void withoutEtaNothingIsRandom(@ForAll @IntRange(min = 1, max = 100) int n, @ForAll PredictionType prediction) {
        assertThat(DdimSchedule.defaults()
                        .withPrediction(prediction)
                        .withEta(0)
                        .steps(n)
                        .actions())
                .isZero();
    }

    @Property
    void predictionTypesAgreeOnTheSameSampleAndNoise(
            @ForAll @IntRange(min = 0, max = 49) int k, @ForAll @IntRange(min = -30, max = 30) int tenths) {
        double x0 = tenths / 10.0;
        double eps = 0.7;
        int timestep = DdimSchedule.defaults().timesteps(50)[k];
        double abar = NoiseSchedule.defaults().alphasCumprod()[timestep];
        float x = (float) (Math.sqrt(abar) * x0 + Math.sqrt(1 - abar) * eps);
        double expected = mean(PredictionType.EPSILON, k, x, eps);
        assertThat(mean(PredictionType.SAMPLE, k, x, x0)).isCloseTo(expected, within(1e-4));
        double v = Math.sqrt(abar) * eps - Math.sqrt(1 - abar) * x0;
        assertThat(mean(PredictionType.V_PREDICTION, k, x, v)).isCloseTo(expected, within(1e-4));
    }

    private static double mean(PredictionType prediction, int k, float x, double m) {
        GaussianStep step = DdimSchedule.defaults()
                .withPrediction(prediction)
                .steps(50)
                .steps()
                .get(k);
        return step.mean(new float[] {x}, new float[] {(float) m})[0];
    }

    @Test
    void clippingAndOtherSpacingsAreRefused() {
        assertThatThrownBy(() -> DdimSchedule.fromConfig(Map.of("_class_name", "DDIMScheduler")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("clip_sample must be false");
        assertThatThrownBy(() -> DdimSchedule.fromConfig(Map.of("timestep_spacing", "trailing")))
                .hasMessage("timestep_spacing must be leading, got trailing");
        assertThatThrownBy(() -> DdimSchedule.defaults().withEta(1.5)).hasMessage("eta must be in [0, 1], got 1.5");
        assertThatThrownBy(() -> DdimSchedule.defaults().timesteps(0))
                .hasMessage("evaluations must be in [1, 1000], got 0");
        assertThatThrownBy(() -> DdimSchedule.defaults().timesteps(1000))
                .hasMessage("stepsOffset must be less for so many evaluations, got 1");
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> map(JsonNode json) {
        return new ObjectMapper().convertValue(json, LinkedHashMap.class);
    }
}
