package dev.rlcm.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.io.Npz;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AdamWTest {
    @ParameterizedTest
    @ValueSource(
            strings = {"adam_default", "adam_ref", "adam_wd", "adamw_default", "adamw_wd", "adam_amsgrad_off_tiny"})
    void fiveStepsAreThoseOfPyTorch(String name) throws IOException {
        Map<String, TensorData> golden = golden("optimizers.npz");
        double[] hyper = golden.get(name + "_hyper").toDoubles();
        AdamWConfig config =
                new AdamWConfig(hyper[0], hyper[1], hyper[2], hyper[3], hyper[4], name.startsWith("adamw"));
        List<FloatBuffer> parameters = List.of(
                golden.get(name + "_p0_init").floats(),
                golden.get(name + "_p1_init").floats());
        AdamW adam = new AdamW(parameters, config);
        for (int step = 1; step <= 5; step++) {
            adam.step(List.of(
                    golden.get(name + "_p0_grad" + step).floats(),
                    golden.get(name + "_p1_grad" + step).floats()));
            for (int p = 0; p < 2; p++) {
                String key = name + "_p" + p + "_step" + step;
                assertClose(parameters.get(p), golden.get(key + "_f32"));
                assertClose(parameters.get(p), golden.get(key + "_f64"));
            }
        }
        for (int p = 0; p < 2; p++) {
            Map<String, TensorData> state = adam.state();
            assertClose(state.get("exp_avg." + p).floats(), golden.get(name + "_p" + p + "_exp_avg_f32"));
            assertClose(state.get("exp_avg_sq." + p).floats(), golden.get(name + "_p" + p + "_exp_avg_sq_f32"));
        }
        assertThat(adam.steps()).isEqualTo(5);
        AdamW restored = new AdamW(parameters, config.withEpsilon(1));
        restored.restore(adam.state());
        assertThat(restored.steps()).isEqualTo(5);
    }

    /** Algorithm 1 of arXiv:1412.6980 in double precision, with the decay of arXiv:1711.05101 or an L2 term, on numbers of many sizes. */
    @Property(tries = 50)
    void aHundredStepsStayWithThoseOfDoublePrecision(@ForAll long seed, @ForAll boolean decoupled) {
        SplittableRandom random = new SplittableRandom(seed);
        double beta1 = random.nextDouble(0.95);
        double beta2 = random.nextDouble(0.9999);
        double decay = 0.1 * random.nextDouble();
        AdamWConfig config = new AdamWConfig(1e-3, beta1, beta2, 1e-8, decay, decoupled);
        float start = (float) (random.nextDouble() - 0.5);
        double size = Math.pow(10, random.nextDouble(-6, 3));
        FloatBuffer parameter = FloatBuffer.wrap(new float[] {start});
        AdamW adam = new AdamW(List.of(parameter), config);
        double value = start;
        double first = 0;
        double second = 0;
        for (int step = 1; step <= 100; step++) {
            float slope = (float) (size * (random.nextDouble() - 0.3));
            adam.step(List.of(FloatBuffer.wrap(new float[] {slope})));
            double g = slope + (decoupled ? 0 : decay * value);
            first = beta1 * first + (1 - beta1) * g;
            second = beta2 * second + (1 - beta2) * g * g;
            double root = Math.sqrt(second / (1 - Math.pow(beta2, step))) + 1e-8;
            value -= 1e-3 * (first / (1 - Math.pow(beta1, step)) / root + (decoupled ? decay * value : 0));
        }
        assertThat((double) parameter.get(0)).isCloseTo(value, within(1e-5));
    }

    @Property(tries = 50)
    void restoringAStateContinuesBitForBit(
            @ForAll @IntRange(max = 4) int before, @ForAll @IntRange(min = 1, max = 4) int after) {
        AdamWConfig config = AdamWConfig.defaults().withLearningRate(0.1).withWeightDecay(0.01);
        FloatBuffer parameter = FloatBuffer.wrap(new float[] {1, -2, 3});
        AdamW straight = new AdamW(List.of(parameter), config);
        run(straight, 0, before);
        FloatBuffer copy = FloatBuffer.wrap(parameter.array().clone());
        AdamW resumed = new AdamW(List.of(copy), config);
        resumed.restore(straight.state());
        run(straight, before, after);
        run(resumed, before, after);
        assertThat(copy.array()).containsExactly(parameter.array());
        assertThat(resumed.steps()).isEqualTo(before + after);
    }

    private static void run(AdamW adam, int from, int steps) {
        for (int step = from; step < from + steps; step++) {
            adam.step(List.of(FloatBuffer.wrap(new float[] {step + 1, 0.5f, -step})), 0.9);
        }
    }

    @Property
    void theFirstStepHasTheLearningRatesSize(@ForAll @IntRange(min = 1, max = 1000) int gradient) {
        FloatBuffer parameter = FloatBuffer.wrap(new float[] {0});
        new AdamW(List.of(parameter), AdamWConfig.defaults().withLearningRate(0.5))
                .step(List.of(FloatBuffer.wrap(new float[] {-gradient})), 0.5);
        assertThat(parameter.get(0)).isCloseTo(0.25f, within(1e-6f));
    }

    /** Without a gradient, decoupled decay shrinks the weight; an L2 term is a gradient, whose first step is the rate. */
    @Test
    void decayIsDecoupledOrPartOfTheGradient() {
        AdamWConfig config = AdamWConfig.defaults()
                .withLearningRate(0.5)
                .withWeightDecay(0.1)
                .withBetas(0, 0);
        assertThat(afterAStep(config, 2)).isCloseTo(1.9f, within(1e-6f));
        assertThat(afterAStep(config.withDecoupled(false), 2)).isCloseTo(1.5f, within(1e-6f));
    }

    private static float afterAStep(AdamWConfig config, float weight) {
        FloatBuffer parameter = FloatBuffer.wrap(new float[] {weight});
        config.optimizer(List.of(parameter)).step(List.of(FloatBuffer.allocate(1)));
        return parameter.get(0);
    }

    @Test
    void aStateThatDoesNotFitIsRefusedAndChangesNothing() {
        AdamW adam = new AdamW(List.of(FloatBuffer.allocate(2)), AdamWConfig.defaults());
        adam.step(List.of(FloatBuffer.wrap(new float[] {1, 2})));
        Map<String, TensorData> good = adam.state();
        Map<String, TensorData> fresh = new AdamW(List.of(FloatBuffer.allocate(2)), AdamWConfig.defaults()).state();
        for (Map.Entry<String, TensorData> damage : List.of(
                Map.entry("step", TensorData.longs(Shape.SCALAR, -1)),
                Map.entry("step", TensorData.longs(Shape.of(1), 1)),
                Map.entry("exp_avg.0", TensorData.doubles(Shape.of(2), 1, 2)),
                Map.entry("exp_avg_sq.0", TensorData.floats(Shape.of(3), 1, 2, 3)))) {
            Map<String, TensorData> damaged = new LinkedHashMap<>(fresh);
            damaged.put(damage.getKey(), damage.getValue());
            assertThatThrownBy(() -> adam.restore(damaged))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(damage.getKey());
            assertThat(adam.steps()).isOne();
            good.forEach((name, tensor) ->
                    assertThat(adam.state().get(name).toDoubles()).containsExactly(tensor.toDoubles()));
        }
    }

    @Test
    void aGradientThatIsNotFiniteChangesNothing() {
        FloatBuffer parameter = FloatBuffer.wrap(new float[] {1, 2});
        AdamW adam = new AdamW(List.of(parameter), AdamWConfig.defaults());
        assertThatThrownBy(() -> adam.step(List.of(FloatBuffer.wrap(new float[] {1, Float.NaN}))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("gradient 0 must be finite, got NaN at element 1");
        assertThat(parameter.array()).containsExactly(1, 2);
        assertThat(adam.steps()).isZero();
    }

    /** Buffers are worked on in blocks, which must not show. */
    @Property(tries = 20)
    void everyElementIsSteppedAlikeWhereverItIs(@ForAll @IntRange(min = 1, max = 3000) int size) {
        AdamWConfig config = AdamWConfig.defaults().withLearningRate(0.1).withWeightDecay(0.01);
        FloatBuffer one = FloatBuffer.wrap(new float[] {2});
        FloatBuffer many = FloatBuffer.allocate(size);
        FloatBuffer gradients = FloatBuffer.allocate(size);
        for (int i = 0; i < size; i++) {
            many.put(i, 2);
            gradients.put(i, 0.3f);
        }
        AdamW alone = new AdamW(List.of(one), config);
        AdamW together = new AdamW(List.of(many), config);
        for (int step = 0; step < 2; step++) {
            alone.step(List.of(FloatBuffer.wrap(new float[] {0.3f})));
            together.step(List.of(gradients));
        }
        assertThat(many.array()).containsOnly(one.get(0));
        gradients.put(size - 1, Float.NEGATIVE_INFINITY);
        assertThatThrownBy(() -> together.step(List.of(gradients)))
                .hasMessageContaining("got -Infinity at element " + (size - 1));
    }

    @Test
    void whatDoesNotFitIsNamed() {
        AdamW adam = new AdamW(List.of(FloatBuffer.allocate(2)), AdamWConfig.defaults());
        assertThatThrownBy(() -> adam.step(List.of())).hasMessageContaining("expected 1 gradients");
        assertThatThrownBy(() -> adam.step(List.of(FloatBuffer.allocate(3))))
                .hasMessage("gradient 0 must have 2 elements as its parameter, got 3");
        assertThatThrownBy(() -> adam.step(List.of(FloatBuffer.allocate(2)), -1))
                .hasMessageContaining("factor");
        Map<String, TensorData> other = new LinkedHashMap<>(adam.state());
        other.put("exp_avg.0", TensorData.floats(Shape.of(1), 0));
        assertThatThrownBy(() -> adam.restore(other)).hasMessage("exp_avg.0 must be FLOAT32[2], got FLOAT32[1]");
        assertThatThrownBy(() -> adam.restore(Map.of())).hasMessageContaining("got 0");
        FloatBuffer mapped = FloatBuffer.allocate(1).asReadOnlyBuffer();
        assertThatThrownBy(() -> new AdamW(List.of(mapped), AdamWConfig.defaults()))
                .hasMessageContaining("read-only");
        assertThatThrownBy(() -> AdamWConfig.defaults().withBetas(1, 0.999))
                .hasMessage("beta1 must be in [0, 1), got 1.0");
        assertThatThrownBy(() -> AdamWConfig.defaults().withBetas(0.9, -0.1))
                .hasMessage("beta2 must be in [0, 1), got -0.1");
        assertThatThrownBy(() -> AdamWConfig.defaults().withBetas(0.9, 1))
                .hasMessage("beta2 must be in [0, 1), got 1.0");
        assertThatThrownBy(() -> AdamWConfig.defaults().withLearningRate(-1))
                .hasMessage("learningRate must be finite and not negative, got -1.0");
        assertThatThrownBy(() -> AdamWConfig.defaults().withWeightDecay(-1))
                .hasMessage("weightDecay must be finite and not negative, got -1.0");
        assertThatThrownBy(() -> AdamWConfig.defaults().withEpsilon(0))
                .hasMessage("epsilon must be positive and finite, got 0.0");
    }

    static Map<String, TensorData> golden(String file) throws IOException {
        return Npz.read(Path.of(System.getProperty("rlcm.root"), "fixtures", "ppo-golden", file));
    }

    private static void assertClose(FloatBuffer actual, TensorData expected) {
        for (int i = 0; i < expected.size(); i++) {
            assertThat((double) actual.get(i)).isCloseTo(expected.getDouble(i), within(1e-6));
        }
    }
}
