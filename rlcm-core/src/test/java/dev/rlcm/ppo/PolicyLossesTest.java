package dev.rlcm.ppo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rlcm.autodiff.Gradients;
import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.mdp.LogProbReduction;
import dev.rlcm.policy.Rollout;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.testing.ShiftPolicy;
import dev.rlcm.testing.ToyPolicies;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import org.junit.jupiter.api.Test;

class PolicyLossesTest {
    private static final Path CASES =
            Path.of(System.getProperty("rlcm.root"), "fixtures", "ppo-golden", "ppo_cases.json");

    private static final ClipRange RANGE = ClipRange.of(0.2);

    private record Evaluated(double[] loss, double[] gradient) {}

    /** The loss of every row and its gradient by the log-probabilities. */
    private static Evaluated evaluate(PolicyLoss loss, double[] logProb, double[] oldLogProb, double[] advantage) {
        return evaluate(loss, RANGE, logProb, oldLogProb, advantage);
    }

    private static Evaluated evaluate(
            PolicyLoss loss, ClipRange range, double[] logProb, double[] oldLogProb, double[] advantage) {
        Shape rows = Shape.of(logProb.length);
        Value[] terms = IntStream.range(0, 3)
                .mapToObj(i -> Value.input("t" + i, DataType.FLOAT32, rows))
                .toArray(Value[]::new);
        try (ReferenceBackend backend = new ReferenceBackend()) {
            PolicyTerms symbols =
                    new PolicyTerms(ToyPolicies.fresh(backend).graph(1), terms[0], terms[1], terms[2], range);
            Value perRow = loss.of(symbols);
            Map<String, Value> outputs = new LinkedHashMap<>();
            outputs.put("loss", perRow);
            outputs.put(
                    "gradient", Gradients.of(perRow.mean(), List.of(terms[0])).get(0));
            Map<String, TensorData> inputs = new LinkedHashMap<>();
            inputs.put("t0", TensorData.doubles(rows, logProb));
            inputs.put("t1", TensorData.doubles(rows, oldLogProb));
            inputs.put("t2", TensorData.doubles(rows, advantage));
            Map<String, TensorData> result =
                    backend.compile(new Graph(List.of(terms), outputs)).run(inputs);
            return new Evaluated(
                    result.get("loss").toDoubles(), result.get("gradient").toDoubles());
        }
    }

    @Test
    void theClippedSurrogateMatchesPyTorch() throws IOException {
        JsonNode cases = new ObjectMapper().readTree(CASES.toFile());
        assertThat(cases.size()).isGreaterThan(5);
        for (JsonNode golden : cases) {
            double clamp = golden.get("adv_clip_max").asDouble();
            double[] advantage = doubles(golden.get("advantages"));
            for (int i = 0; i < advantage.length; i++) {
                advantage[i] = Math.max(-clamp, Math.min(clamp, advantage[i]));
            }
            double[] logProb = doubles(golden.get("log_prob"));
            double[] oldLogProb = doubles(golden.get("old_log_prob"));
            ClipRange clipRange = ClipRange.of(golden.get("clip_range").asDouble());
            Evaluated actual = evaluate(PolicyLosses.clipped(), clipRange, logProb, oldLogProb, advantage);
            JsonNode expected = golden.get("f64");
            assertThat(IntStream.range(0, logProb.length)
                            .mapToDouble(i -> actual.loss[i])
                            .average()
                            .orElseThrow())
                    .isCloseTo(expected.get("loss").asDouble(), within(1e-9));
            assertThat(actual.gradient).containsExactly(doubles(expected.get("dloss_dlog_prob")), within(1e-9));

            UpdateStatistics statistics = new UpdateStatistics(clipRange);
            for (int i = 0; i < logProb.length; i++) {
                statistics.transition(logProb[i], oldLogProb[i]);
            }
            UpdateReport report = statistics.report(0, 1, false, 0, 0);
            assertThat(report.approxKl()).isCloseTo(expected.get("approx_kl").asDouble(), within(1e-7));
            assertThat(report.clipFraction()).isCloseTo(expected.get("clipfrac").asDouble(), within(1e-7));
        }
    }

    @Property(tries = 20)
    void atTheOldPolicyTheGradientIsThePlainPolicyGradient(
            @ForAll @DoubleRange(min = -3, max = 3) double logProb,
            @ForAll @DoubleRange(min = -5, max = 5) double advantage) {
        double[] rows = {logProb, logProb};
        double[] advantages = {advantage, -advantage};
        Evaluated clipped = evaluate(PolicyLosses.clipped(), rows, rows, advantages);
        Evaluated plain = evaluate(PolicyLosses.importanceWeighted(), rows, rows, advantages);
        assertThat(clipped.gradient).containsExactly(new double[] {-advantage / 2, advantage / 2}, within(1e-12));
        assertThat(plain.gradient).containsExactly(clipped.gradient, within(1e-12));
    }

    @Test
    void beyondTheClipRangeThereIsNothingToGain() {
        double[] old = {0, 0, 0, 0};
        double[] now = {0.5, -0.5, 0.5, -0.5};
        double[] advantage = {1, -1, -1, 1};
        Evaluated clipped = evaluate(PolicyLosses.clipped(), now, old, advantage);
        assertThat(clipped.gradient[0]).isZero();
        assertThat(clipped.gradient[1]).isZero();
        assertThat(clipped.gradient[2]).isPositive();
        assertThat(clipped.gradient[3]).isNegative();
    }

    @Test
    void thereMayBeMoreRoomAboveThanBelow() {
        double[] ratios = {Math.log(1.3), Math.log(0.7)};
        Evaluated clipped =
                evaluate(PolicyLosses.clipped(), new ClipRange(0.1, 0.4), ratios, new double[2], new double[] {1, -1});
        assertThat(clipped.loss).containsExactly(new double[] {-1.3, 0.9}, within(1e-6));
        UpdateStatistics statistics = new UpdateStatistics(new ClipRange(0.1, 0.4));
        statistics.transition(ratios[0], 0);
        statistics.transition(ratios[1], 0);
        UpdateReport report = statistics.report(0, 1, false, 0, 0);
        assertThat(report.ratios().clippedLow()).isEqualTo(0.5);
        assertThat(report.ratios().clippedHigh()).isZero();
    }

    @Test
    void theSecondBoundLimitsWhatBadActionsOfAHighRatioCost() {
        double[] now = {Math.log(5), Math.log(2), Math.log(0.5), Math.log(5)};
        double[] advantage = {-1, -1, -1, 1};
        Evaluated bounded = evaluate(PolicyLosses.dualClipped(3), now, new double[4], advantage);
        assertThat(bounded.loss).containsExactly(new double[] {3, 2, 0.8, -1.2}, within(1e-6));
        assertThat(bounded.gradient).containsExactly(new double[] {0, 2.0 / 4, 0, 0}, within(1e-6));
        assertThatThrownBy(() -> PolicyLosses.dualClipped(1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("bound must be greater than 1 and finite, got 1.0");
    }

    @Test
    void theScoreFunctionDoesNotMindTheOldPolicy() {
        double[] now = {0.5, -0.25};
        double[] advantage = {2, -4};
        for (double old : new double[] {0, 7}) {
            Evaluated score = evaluate(PolicyLosses.scoreFunction(), now, new double[] {old, old}, advantage);
            assertThat(score.loss).containsExactly(new double[] {-1, -1}, within(1e-12));
            assertThat(score.gradient).containsExactly(new double[] {-1, 2}, within(1e-12));
        }
    }

    @Property(tries = 20)
    void gradientsAreThoseOfCentredDifferences(
            @ForAll @DoubleRange(min = -1, max = 1) double logProb,
            @ForAll @DoubleRange(min = -3, max = 3) double advantage) {
        double[] old = {0};
        double[] credit = {advantage};
        double h = 1e-5;
        for (PolicyLoss loss : List.of(
                PolicyLosses.clipped(),
                PolicyLosses.dualClipped(2),
                PolicyLosses.scoreFunction(),
                PolicyLosses.importanceWeighted())) {
            double below = evaluate(loss, new double[] {logProb - h}, old, credit).loss[0];
            double above = evaluate(loss, new double[] {logProb + h}, old, credit).loss[0];
            double slope = evaluate(loss, new double[] {logProb}, old, credit).gradient[0];
            boolean kinked = Arrays.stream(new double[] {0.8, 1.2, 2})
                    .anyMatch(kink -> Math.abs(logProb - Math.log(kink)) < 2 * h);
            if (!kinked) {
                assertThat((above - below) / (2 * h)).isCloseTo(slope, within(1e-6));
            }
        }
    }

    @Test
    void lossesAddWithWeights() {
        double[] logProb = {0.1, -0.2};
        double[] old = {0, 0};
        double[] advantage = {1, 2};
        PolicyLoss clipped = PolicyLosses.clipped();
        double[] sum = evaluate(clipped.plus(0.5, clipped), logProb, old, advantage).loss;
        double[] one = evaluate(clipped, logProb, old, advantage).loss;
        assertThat(sum).containsExactly(new double[] {1.5 * one[0], 1.5 * one[1]}, within(1e-12));
    }

    /** mu - mu_base is the shift: its mean square, over the square of what scales x0. */
    @Test
    void theDriftFromTheBaseIsOfPredictionsAndNotOfNoise() {
        try (ReferenceBackend backend = new ReferenceBackend()) {
            ShiftPolicy policy = new ShiftPolicy(backend, LogProbReduction.MEAN, 0.3, 0.1);
            Rollout rollout = policy.rollout(List.of("a"), RandomStreams.seeded(1));
            PolicyLoss none = terms -> terms.advantage().mul(0);
            UpdateReport report = PpoOptimizer.of(
                            policy, PpoConfig.defaults(), none.plus(1, PolicyLosses.driftFromBase()))
                    .update(rollout, new double[1]);
            double expected = (0.3 * 0.3 + 0.1 * 0.1) / 2 * (1 / (1 - 0.4 * 0.4) + 1 / (1 - 0.2 * 0.2)) / 2;
            assertThat(report.loss()).isCloseTo(expected, within(1e-7));
        }
    }

    @Test
    void impossibleSettingsOfDiffusionNftAreRefused() {
        assertThatThrownBy(() -> PolicyLosses.diffusionNft(0, 1)).hasMessageStartingWith("beta must be positive");
        assertThatThrownBy(() -> PolicyLosses.diffusionNft(1, 0)).hasMessageStartingWith("scale must be positive");
    }

    @Test
    void impossibleClipRangesAreRefused() {
        assertThatThrownBy(() -> ClipRange.of(1.5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("clipRange must be in [0, 1), got 1.5");
    }

    private static double[] doubles(JsonNode array) {
        return IntStream.range(0, array.size())
                .mapToDouble(i -> array.get(i).asDouble())
                .toArray();
    }
}
