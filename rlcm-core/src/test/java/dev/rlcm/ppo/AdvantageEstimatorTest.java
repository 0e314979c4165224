package dev.rlcm.ppo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.apache.commons.math3.stat.StatUtils;
import org.junit.jupiter.api.Test;

class AdvantageEstimatorTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @Test
    void everySequenceOfTheReferencesTrackerIsReproduced() throws IOException {
        Path file = Path.of(System.getProperty("rlcm.root"), "fixtures", "ppo-golden", "stat_tracker.json");
        JsonNode sequences = JSON.readTree(file.toFile());
        assertThat(sequences).isNotEmpty();
        for (JsonNode sequence : sequences) {
            boolean single = sequence.path("dtype").asText().equals("float32");
            AdvantageEstimator estimator = AdvantageEstimator.perPrompt(
                    sequence.path("buffer_size").asInt(),
                    sequence.path("min_count").asInt());
            for (JsonNode update : sequence.path("updates")) {
                double[] advantages = estimator.estimate(
                        Arrays.asList(JSON.convertValue(update.path("prompts"), String[].class)),
                        JSON.convertValue(update.path("rewards"), double[].class));
                double[] expected = JSON.convertValue(update.path("advantages"), double[].class);
                assertThat(advantages).containsExactly(expected, within(single ? 1e-5 : 1e-9));
                update.path("stats_after").properties().forEach(stats -> assertThat(
                                remembered(estimator).get(stats.getKey()))
                        .hasSize(stats.getValue().path("count").asInt()));
            }
        }
    }

    @Property
    void wholeBatchAdvantagesHaveMeanZeroAndUnitSpread(
            @ForAll @Size(min = 2, max = 20) List<@DoubleRange(min = -100, max = 100) Double> rewards) {
        double[] values = array(rewards);
        AdvantageEstimator estimator = AdvantageEstimator.wholeBatch();
        double[] advantages = estimator.estimate(Collections.nCopies(values.length, "cat"), values);
        double std = Math.sqrt(StatUtils.populationVariance(values));
        assertThat(StatUtils.mean(advantages)).isCloseTo(0, within(1e-6));
        assertThat(StatUtils.populationVariance(advantages)).isCloseTo(Math.pow(std / (std + 1e-6), 2), within(1e-6));
        assertThat(estimator.zeroStdShare()).isEqualTo(StatUtils.max(values) == StatUtils.min(values) ? 1 : 0);
    }

    @Property
    void differencesBetweenPromptsDoNotCountWithinThem(
            @ForAll @Size(6) List<@DoubleRange(min = -9, max = 9) Double> rewards,
            @ForAll @DoubleRange(min = -9, max = 9) double more) {
        List<String> keys = List.of("cat", "dog", "cat", "cat", "dog", "cow");
        double[] values = array(rewards);
        AdvantageEstimator estimator = AdvantageEstimator.withinPrompt();
        double[] advantages = estimator.estimate(keys, values);
        assertThat(advantages[0] + advantages[2] + advantages[3]).isCloseTo(0, within(1e-6));
        assertThat(advantages[1] + advantages[4]).isCloseTo(0, within(1e-6));
        assertThat(advantages[5]).isZero();
        double[] dearerDogs = values.clone();
        dearerDogs[1] += more;
        dearerDogs[4] += more;
        assertThat(estimator.estimate(keys, dearerDogs)).containsExactly(advantages, within(1e-6));
        assertThat(StatUtils.sumSq(advantages)).isLessThan(6 + 1e-6);
    }

    @Test
    void withinPromptsTheSpreadIsThatOfTheWholeRollout() {
        AdvantageEstimator estimator = AdvantageEstimator.withinPrompt();
        assertThat(estimator.estimate(List.of("cat", "dog", "cat", "dog"), new double[] {1, 7, 3, 7}))
                .containsExactly(new double[] {-Math.sqrt(2), 0, Math.sqrt(2), 0}, within(1e-5));
        assertThat(estimator.zeroStdShare()).isEqualTo(0.5);
    }

    @Test
    void onAFixedScaleTheSpreadDoesNotCount() {
        AdvantageEstimator estimator = AdvantageEstimator.withinPrompt(0.5);
        List<String> keys = List.of("cat", "dog", "cat", "dog");
        assertThat(estimator.estimate(keys, new double[] {1, 7, 3, 7}))
                .containsExactly(new double[] {-2, 0, 2, 0}, within(1e-12));
        assertThat(estimator.estimate(keys, new double[] {1, 7, 1.5, 7}))
                .containsExactly(new double[] {-0.5, 0, 0.5, 0}, within(1e-12));
        assertThat(estimator.zeroStdShare()).isEqualTo(0.5);
        for (double impossible : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThatThrownBy(() -> AdvantageEstimator.withinPrompt(impossible))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("scale must be positive and finite, got " + impossible);
        }
    }

    @Test
    void leftOutOfItsOwnBaselineASampleIsComparedWithThePromptsOthers() {
        AdvantageEstimator estimator = AdvantageEstimator.leaveOneOut();
        List<String> keys = List.of("cat", "dog", "cat", "cat", "dog", "cow");
        assertThat(estimator.estimate(keys, new double[] {1, 5, 2, 6, 5, 9}))
                .containsExactly(new double[] {-3, 0, -1.5, 4.5, 0, 0}, within(1e-12));
        assertThat(estimator.zeroStdShare()).isCloseTo(2.0 / 3, within(1e-12)); // dogs are alike, the cow is alone
        assertThat(estimator).hasToString("leaveOneOut()");
    }

    @Test
    void winRatesCountTiesAsHalf() {
        AdvantageEstimator estimator = AdvantageEstimator.winRate();
        List<String> keys = List.of("cat", "dog", "cat", "cat", "dog", "cat", "cow");
        double[] advantages = estimator.estimate(keys, new double[] {1, 5, 2, 2, 5, 99, 9}); // rates 0, 1/2, 1/2, 1
        double unit = Math.sqrt(2);
        assertThat(advantages).containsExactly(new double[] {-unit, 0, 0, 0, 0, unit, 0}, within(1e-4));
    }

    @Property
    void onlyTheOrderOfRewardsCountsInWinRates(
            @ForAll @Size(min = 2, max = 8) List<@DoubleRange(min = -3, max = 3) Double> rewards) {
        double[] values = array(rewards);
        List<String> keys = Collections.nCopies(values.length, "cat");
        double[] stretched =
                Arrays.stream(values).map(value -> value * 1024 + 7).toArray();
        assertThat(AdvantageEstimator.winRate().estimate(keys, stretched))
                .containsExactly(AdvantageEstimator.winRate().estimate(keys, values));
    }

    @Property
    void beforeMinCountThereIsOnlyTheBatch(
            @ForAll @Size(min = 1, max = 15) List<@DoubleRange(min = -100, max = 100) Double> rewards) {
        double[] values = array(rewards);
        List<String> keys = Collections.nCopies(values.length, "cat");
        assertThat(AdvantageEstimator.perPrompt(16, 16).estimate(keys, values))
                .containsExactly(AdvantageEstimator.wholeBatch().estimate(keys, values));
    }

    @Property
    void aRestoredEstimatorContinuesBitForBit(
            @ForAll @Size(4) List<@DoubleRange(min = -9, max = 9) Double> first,
            @ForAll @Size(4) List<@DoubleRange(min = -9, max = 9) Double> second)
            throws IOException {
        List<String> keys = List.of("cat", "dog", "cat", "cat");
        AdvantageEstimator straight = AdvantageEstimator.perPrompt(4, 2);
        straight.estimate(keys, array(first));
        String json = JSON.writeValueAsString(straight.state());
        AdvantageEstimator resumed = AdvantageEstimator.perPrompt(4, 2);
        resumed.restore(JSON.readValue(json, AdvantageEstimator.State.class));
        assertThat(resumed.state()).isEqualTo(straight.state());
        assertThat(resumed.estimate(keys, array(second))).containsExactly(straight.estimate(keys, array(second)));
    }

    @Test
    void thePromptsThatWereLongestNotRewardedAreForgotten() {
        AdvantageEstimator estimator = AdvantageEstimator.perPrompt(4, 2, 2);
        estimator.estimate(List.of("cat", "dog"), new double[] {1, 2});
        estimator.estimate(List.of("cat", "cow"), new double[] {3, 4});
        assertThat(remembered(estimator)).isEqualTo(Map.of("cat", List.of(1.0, 3.0), "cow", List.of(4.0)));
        assertThatThrownBy(() -> AdvantageEstimator.perPrompt(4, 2, 0))
                .hasMessage("maxPrompts must be at least 1, got 0");
    }

    @Test
    void byDefaultTenThousandPromptsAreRemembered() {
        AdvantageEstimator estimator = AdvantageEstimator.perPrompt(1, 1);
        for (int i = 0; i < 10_010; i++) {
            estimator.estimate(List.of("prompt " + i), new double[] {i});
        }
        assertThat(remembered(estimator))
                .hasSize(10_000)
                .containsKey("prompt 10009")
                .containsKey("prompt 10")
                .doesNotContainKey("prompt 9");
    }

    @Property
    void forgettingNeverChangesTheRolloutAtHand(
            @ForAll @Size(6) List<@DoubleRange(min = -9, max = 9) Double> rewards,
            @ForAll @IntRange(max = 4) int more) {
        List<String> keys = List.of("cat", "dog", "cat", "cow", "dog", "cat");
        double[] values = array(rewards);
        assertThat(AdvantageEstimator.perPrompt(4, 2, 1 + more).estimate(keys, values))
                .containsExactly(AdvantageEstimator.perPrompt(4, 2).estimate(keys, values));
    }

    @Property
    void aRestoredEstimatorForgetsTheSamePrompts(@ForAll @Size(9) List<@IntRange(max = 5) Integer> drawn)
            throws IOException {
        AdvantageEstimator straight = AdvantageEstimator.perPrompt(4, 2, 3);
        AdvantageEstimator resumed = AdvantageEstimator.perPrompt(4, 2, 3);
        for (int prompt : drawn) {
            String json = JSON.writeValueAsString(resumed.state().values());
            resumed = AdvantageEstimator.perPrompt(4, 2, 3);
            resumed.restore(new AdvantageEstimator.State(
                    JSON.readValue(json, new TypeReference<LinkedHashMap<String, Object>>() {}), Map.of()));
            resumed.estimate(List.of("prompt " + prompt), new double[] {prompt});
            straight.estimate(List.of("prompt " + prompt), new double[] {prompt});
        }
        assertThat(JSON.writeValueAsString(resumed.state())).isEqualTo(JSON.writeValueAsString(straight.state()));
    }

    @Test
    void aRestoredStateTakesThePlaceOfWhatWasRememberedAndFitsTheLimit() {
        AdvantageEstimator estimator = AdvantageEstimator.perPrompt(4, 1, 2);
        estimator.estimate(List.of("cat", "cow"), new double[] {7, 8});
        Map<String, List<Double>> saved = new LinkedHashMap<>();
        saved.put("ant", List.of(1.0));
        saved.put("bee", List.of(2.0));
        saved.put("cat", List.of(3.0));
        estimator.restore(state(saved));
        assertThat(remembered(estimator)).isEqualTo(Map.of("bee", List.of(2.0), "cat", List.of(3.0)));
    }

    @Test
    void equalRewardsGiveZeroAdvantagesAndAreCounted() {
        AdvantageEstimator estimator = AdvantageEstimator.perPrompt(4, 2);
        double[] advantages = estimator.estimate(List.of("cat", "cat", "dog", "dog"), new double[] {0.1, 0.1, 1, 3});
        assertThat(advantages[0]).isZero();
        assertThat(advantages[3]).isCloseTo(1, within(1e-5));
        assertThat(estimator.zeroStdShare()).isEqualTo(0.5);
    }

    @Test
    void aHostsEstimatorIsALambda() {
        AdvantageEstimator raw = (keys, rewards) -> rewards.clone();
        assertThat(raw.estimate(List.of("a"), new double[] {2})).containsExactly(2);
        raw.restore(raw.state());
        AdvantageEstimator.State foreign = new AdvantageEstimator.State(Map.of("cat", 1.0), Map.of());
        assertThatThrownBy(() -> raw.restore(foreign)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void badRewardsAreNamed() {
        for (AdvantageEstimator estimator : List.of(
                AdvantageEstimator.wholeBatch(),
                AdvantageEstimator.withinPrompt(),
                AdvantageEstimator.leaveOneOut(),
                AdvantageEstimator.winRate(),
                AdvantageEstimator.perPrompt(4, 2))) {
            assertThatThrownBy(() -> estimator.estimate(List.of("a", "b"), new double[] {1, Double.NaN}))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("reward 1 (b) must be finite, got NaN");
            assertThatThrownBy(() -> estimator.estimate(List.of("a"), new double[] {1, 2}))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("got 1 keys and 2 rewards");
            assertThat(remembered(estimator)).isEmpty();
        }
        assertThatThrownBy(() -> AdvantageEstimator.perPrompt(4, 5)).hasMessage("minCount must be in [1, 4], got 5");
        assertThatThrownBy(() -> AdvantageEstimator.perPrompt(0, 1)).hasMessage("bufferSize must be at least 1, got 0");
        AdvantageEstimator.State longer = state(Map.of("cat", List.of(1.0, 2.0)));
        assertThatThrownBy(() -> AdvantageEstimator.perPrompt(1, 1).restore(longer))
                .hasMessageContaining("the state has 2 rewards of \"cat\", bufferSize is 1");
    }

    @Test
    void aStateThatDoesNotFitChangesNothing() {
        AdvantageEstimator estimator = AdvantageEstimator.perPrompt(2, 1);
        estimator.estimate(List.of("cat"), new double[] {3});
        for (AdvantageEstimator.State bad : List.of(
                AdvantageEstimator.State.EMPTY,
                state(Map.of("dog", List.of(1.0), "cat", List.of(1.0, 2.0, 3.0))),
                state(Map.of("dog", List.of("much"))))) {
            assertThatThrownBy(() -> estimator.restore(bad)).isInstanceOf(IllegalArgumentException.class);
            assertThat(remembered(estimator)).isEqualTo(Map.of("cat", List.of(3.0)));
        }
    }

    private static AdvantageEstimator.State state(Map<String, ? extends List<?>> rewards) {
        return new AdvantageEstimator.State(Map.of("rewards", rewards), Map.of());
    }

    @SuppressWarnings("unchecked")
    private static Map<String, List<Double>> remembered(AdvantageEstimator estimator) {
        return (Map<String, List<Double>>) estimator.state().values().getOrDefault("rewards", Map.of());
    }

    private static double[] array(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).toArray();
    }
}
