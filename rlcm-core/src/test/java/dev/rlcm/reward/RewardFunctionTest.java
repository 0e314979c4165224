package dev.rlcm.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.Size;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RewardFunctionTest {
    private static final RewardFunction RED = RewardFunction.each(sample -> sample.pixels()[0]);
    private static final RewardFunction SQUARE =
            RewardFunction.each(sample -> sample.pixels()[0] * (double) sample.pixels()[0]);

    @Property(tries = 100)
    void aWeightedSumIsLinearInItsTerms(
            @ForAll @DoubleRange(min = -5, max = 5) double a,
            @ForAll @DoubleRange(min = -5, max = 5) double b,
            @ForAll @Size(max = 6) List<@DoubleRange(min = -3, max = 3) Double> reds) {
        List<Sample> samples =
                Samples.ofReds(reds.stream().mapToDouble(Double::doubleValue).toArray());
        double[] sum = RewardFunction.weighted(a, RED).and(b, SQUARE).score(samples);
        double[] composed = RED.times(a).plus(SQUARE.negated().times(-b)).score(samples);
        assertThat(sum).hasSize(reds.size());
        for (int i = 0; i < sum.length; i++) {
            double red = samples.get(i).pixels()[0];
            assertThat(sum[i]).isCloseTo(a * red + b * red * red, within(1e-12));
            assertThat(composed[i]).isCloseTo(sum[i], within(1e-12));
        }
    }

    @Test
    void namesReadLikeTheFormula() {
        RewardFunction jpeg = RED.named("jpeg");
        assertThat(RewardFunction.weighted(0.7, jpeg)
                        .and(1, SQUARE.named("clip"))
                        .name())
                .isEqualTo("0.7 jpeg + clip");
        assertThat(jpeg.plus(jpeg).times(2).name()).isEqualTo("2.0 (jpeg + jpeg)");
        RewardFunction lambda = samples -> new double[samples.size()];
        assertThat(lambda.name()).isEqualTo("custom reward");
        assertThat(RED.name()).isEqualTo("custom reward");
    }

    @Test
    void weightsMustBeFinite() {
        assertThatThrownBy(() -> RED.named("red").times(Double.NaN))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the weight of reward \"red\" must be finite, got NaN");
    }

    @Test
    void aScoreThatIsNotFiniteNamesTheSampleAndThePrompt() {
        RewardFunction inverse = RewardFunction.each(sample -> 1 / sample.pixels()[0])
                .named("inverse")
                .checked();
        RewardException failure =
                catchThrowableOfType(RewardException.class, () -> inverse.score(Samples.ofReds(1, 2, 0, 4)));
        assertThat(failure).hasMessageContainingAll("\"inverse\"", "sample 2", "\"prompt 2\"", "Infinity", "finite");
        assertThat(failure.sampleIndex()).hasValue(2);
        assertThat(failure.reward()).isEqualTo("inverse");
    }

    @Test
    void aThrowingFunctionOfOneSampleNamesTheSampleAndKeepsTheCause() {
        RewardFunction broken = RewardFunction.each(sample -> {
                    if (sample.prompt().equals("prompt 1")) {
                        throw new IllegalStateException("no connection");
                    }
                    return 0;
                })
                .named("broken");
        assertThatThrownBy(() -> broken.score(Samples.count(3)))
                .isInstanceOf(RewardException.class)
                .hasMessageContainingAll("\"broken\"", "sample 1", "\"prompt 1\"", "no connection")
                .hasCauseInstanceOf(IllegalStateException.class);
    }

    @Test
    void aThrowingBatchRewardSaysHowToLearnMore() {
        RewardFunction broken = samples -> {
            throw new IllegalStateException("no connection");
        };
        assertThatThrownBy(() -> broken.checked().score(Samples.count(3)))
                .isInstanceOf(RewardException.class)
                .hasMessageContainingAll("\"custom reward\"", "batch of 3", "no connection", "RewardFunction.each")
                .hasCauseInstanceOf(IllegalStateException.class);
    }

    @Test
    void theWrongNumberOfScoresIsRejected() {
        RewardFunction tooFew = samples -> new double[samples.size() - 1];
        assertThatThrownBy(() -> tooFew.named("few").checked().score(Samples.count(3)))
                .isInstanceOf(RewardException.class)
                .hasMessageContainingAll("\"few\"", "2 scores for 3 samples", "exactly one number per sample");
        assertThatThrownBy(() -> RewardFunction.weighted(1, RED)
                        .and(1, tooFew.named("few"))
                        .score(Samples.count(3)))
                .isInstanceOf(RewardException.class)
                .hasMessageContaining("\"few\"");
    }

    @Test
    @SuppressWarnings("NullAway")
    void nullIsRejected() {
        double @Nullable [] nothing = null;
        RewardFunction reward = samples -> nothing;
        assertThatThrownBy(() -> reward.checked().score(Samples.count(3)))
                .isInstanceOf(RewardException.class)
                .hasMessageContaining("returned null for 3 samples");
    }

    @Test
    void errorsOfTheMachineAreNotDisguised() {
        RewardFunction reward = samples -> {
            throw new OutOfMemoryError("test");
        };
        assertThatThrownBy(() -> reward.checked().score(Samples.count(1))).isInstanceOf(OutOfMemoryError.class);
    }
}
