package dev.rlcm.mdp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rlcm.graph.TensorData;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.assertj.core.api.Assertions;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class LatentConsistencyScheduleTest {
    private static final LatentConsistencySchedule LCM = LatentConsistencySchedule.defaults();
    private static final LatentConsistencySchedule AS_REFERENCE =
            LCM.withRule(TimestepRule.REFERENCE).withLastStep(LastStep.REFERENCE);
    private static final double TOLERANCE = 1e-6;

    @Test
    void timestepsFollowBothRules() {
        JsonNode golden = Goldens.json("scheduler-golden/lcm_schedule.json");
        for (String n : List.of("1", "2", "3", "4", "6", "8", "16", "50")) {
            int evaluations = Integer.parseInt(n);
            assertThat(AS_REFERENCE.timesteps(evaluations))
                    .containsExactly(Goldens.ints(golden.path("timesteps").path(n)));
            assertThat(LCM.timesteps(evaluations))
                    .containsExactly(Goldens.ints(
                            golden.path("timesteps_newer_diffusers").path(n)));
        }
        JsonNode emoji = Goldens.json("emoji-golden/schedule.json").path("lcm_timesteps");
        for (int n = 1; n <= 8; n++) {
            assertThat(LCM.timesteps(n)).containsExactly(Goldens.ints(emoji.path(Integer.toString(n))));
        }
    }

    @Test
    void everyTransitionOfTheReferenceIsReproduced() {
        Map<String, TensorData> arrays = Goldens.arrays("scheduler-golden/lcm_steps.npz");
        int transitions = 0;
        for (int n : new int[] {1, 2, 3, 4, 6, 8, 16, 50}) {
            Schedule schedule = AS_REFERENCE.steps(n);
            for (int k = 0; k < n; k++) {
                if (!arrays.containsKey("H" + n + "_i" + k + "_sample")) {
                    continue;
                }
                transitions++;
                GaussianStep step = schedule.steps().get(k);
                TransitionGolden golden = new TransitionGolden(arrays, "H" + n + "_i" + k + "_");
                assertThat(step.timestep()).isEqualTo(golden.get("timestep").getDouble(0));
                assertThat(step.sigma()).isCloseTo(golden.get("std").getDouble(0), within());
                golden.assertMean(step, "mean", TOLERANCE);
                if (n == 1) {
                    golden.assertMean(schedule.decode(), "prev_sample", TOLERANCE);
                } else {
                    golden.assertNext(step, TOLERANCE);
                }
                golden.assertLogProb(step, "prev_sample", "log_prob", TOLERANCE);
                golden.assertLogProb(step, "other_prev_sample", "other_log_prob", TOLERANCE);
                golden.assertLogProb(step, "other_prev_sample", "other_log_prob_f64", TOLERANCE);
                golden.assertGradient(step, 1e-5);
                if (k == n - 1) {
                    golden.assertMean(schedule.decode(), "denoised", TOLERANCE);
                }
            }
        }
        assertThat(transitions).isEqualTo(13);
    }

    @Test
    void everyPredictionTypeIsReproduced() {
        Map<String, TensorData> arrays = Goldens.arrays("scheduler-golden/lcm_prediction_types.npz");
        for (PredictionType prediction : PredictionType.values()) {
            Schedule schedule = AS_REFERENCE.withPrediction(prediction).steps(4);
            GaussianStep step = schedule.steps().get(2);
            assertThat(step.timestep()).isEqualTo(arrays.get("timestep").getDouble(0));
            Map<String, TensorData> one = new LinkedHashMap<>(arrays);
            String prefix = prediction.toString().toLowerCase(Locale.ROOT) + "_clip0_";
            for (String name : List.of("prev_sample", "denoised", "log_prob")) {
                one.put(name, arrays.get(prefix + name));
            }
            TransitionGolden golden = new TransitionGolden(one, "");
            golden.assertNext(step, TOLERANCE);
            golden.assertLogProb(step, "prev_sample", "log_prob", TOLERANCE);
        }
    }

    @Test
    void aConfigurationGivesTheModelsSchedule() throws Exception {
        JsonNode emoji = Goldens.json("tiny-lcm/scheduler/scheduler_config.json");
        assertThat(LatentConsistencySchedule.fromConfig(map(emoji))).isEqualTo(LCM);
        assertThat(LatentConsistencySchedule.fromConfig(Map.of())).isEqualTo(LCM);
        Map<String, Object> changed = map(emoji);
        changed.put("prediction_type", "v_prediction");
        changed.put("beta_schedule", "linear");
        changed.put("rescale_betas_zero_snr", true);
        assertThat(LatentConsistencySchedule.fromConfig(changed))
                .isEqualTo(LCM.withPrediction(PredictionType.V_PREDICTION)
                        .withNoise(new NoiseSchedule(BetaSchedule.LINEAR, 0.00085, 0.012, 1000, true)));
    }

    @Test
    void whatIsNotAffineOrNotKnownIsRefused() {
        assertRefused("clip_sample", true, "clip_sample must be false");
        assertRefused("thresholding", true, "thresholding must be false");
        assertRefused("trained_betas", List.of(0.1), "trained_betas");
        assertRefused(
                "prediction_type", "flow", "prediction_type must be one of [epsilon, sample, v_prediction], got flow");
        assertRefused("beta_schedule", 3, "beta_schedule must be a String, got 3");
        assertRefused("original_inference_steps", 50.5, "original_inference_steps must be an integer, got 50.5");
        assertRefused("original_inference_steps", 0, "originalInferenceSteps must be in [1, 1000], got 0");
        assertRefused("rescale_betas_zero_snr", true, "zero terminal SNR");
        assertThatThrownBy(() -> LCM.steps(51)).hasMessage("evaluations must be in [1, 50], got 51");
        assertThatThrownBy(() -> LCM.steps(0)).hasMessage("evaluations must be in [1, 50], got 0");
    }

    @Property
    void actionsAreOneFewerThanEvaluationsUnlessTheReferenceCounts(
            @ForAll @IntRange(min = 1, max = 50) int n, @ForAll TimestepRule rule, @ForAll PredictionType prediction) {
        LatentConsistencySchedule lcm = LCM.withRule(rule).withPrediction(prediction);
        Schedule omitted = lcm.steps(n);
        assertThat(omitted.evaluations()).isEqualTo(n);
        assertThat(omitted.actions()).isEqualTo(n - 1);
        assertThat(omitted.decode()).isEqualTo(omitted.steps().get(n - 1));
        Schedule reference = lcm.withLastStep(LastStep.REFERENCE).steps(n);
        assertThat(reference.evaluations()).isEqualTo(n);
        assertThat(reference.actions()).isEqualTo(n);
        assertThat(reference.decode()).isEqualTo(omitted.decode());
        assertThat(reference.steps().subList(0, n - 1))
                .isEqualTo(omitted.steps().subList(0, n - 1));
    }

    /** Luo et al., arXiv:2310.04378, section 4.1; the scaling of 10 in use hides c_skip behind the goldens' tolerance. */
    @Property
    void theConsistencyFunctionMixesSampleAndEstimateByTheScaledTimestep(
            @ForAll @DoubleRange(min = 0.01, max = 1) double scaling) {
        GaussianStep decode = new LatentConsistencySchedule(
                        LCM.noise(), PredictionType.SAMPLE, 50, scaling, 0.7, LCM.rule(), LCM.lastStep())
                .steps(1)
                .decode();
        double scaled = scaling * 999;
        double skip = 0.49 / (scaled * scaled + 0.49);
        assertThat(decode.sampleCoefficient()).isCloseTo(skip, Assertions.within(1e-12));
        assertThat(decode.modelCoefficient()).isCloseTo(Math.sqrt(1 - skip), Assertions.within(1e-12));
    }

    @Test
    void timestepsAreAsFarApartAsTheTeachersSteps() {
        assertThat(LCM.withOriginalInferenceSteps(10).timesteps(5)).containsExactly(999, 799, 599, 399, 199);
    }

    @Property
    void timestepsDecreaseFromTheNoisiest(@ForAll @IntRange(min = 1, max = 50) int n, @ForAll TimestepRule rule) {
        int[] timesteps = LCM.withRule(rule).timesteps(n);
        assertThat(timesteps[0]).isEqualTo(999);
        assertThat(IntStream.of(timesteps)).allMatch(t -> t >= 19 && (t + 1) % 20 == 0);
        for (int k = 1; k < n; k++) {
            assertThat(timesteps[k]).isLessThan(timesteps[k - 1]);
        }
    }

    @Test
    void zeroTerminalSnrWorksWithVPrediction() {
        Schedule schedule = LCM.withPrediction(PredictionType.V_PREDICTION)
                .withNoise(NoiseSchedule.defaults().withZeroTerminalSnr(true))
                .steps(4);
        // at abar = 0 the sample is pure noise, and m = -x0
        assertThat(schedule.steps().get(0).modelCoefficient()).isNegative();
        assertThat(schedule.steps().get(0).sampleCoefficient()).isCloseTo(0, Assertions.within(1e-6));
    }

    private static void assertRefused(String key, Object value, String message) {
        assertThatThrownBy(() -> LatentConsistencySchedule.fromConfig(Map.of(key, value)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> map(JsonNode json) {
        return new ObjectMapper().convertValue(json, LinkedHashMap.class);
    }

    private static Offset<Double> within() {
        return Assertions.within(TOLERANCE);
    }
}
