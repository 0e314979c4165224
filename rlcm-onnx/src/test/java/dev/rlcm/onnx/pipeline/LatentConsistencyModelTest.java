package dev.rlcm.onnx.pipeline;

import static dev.rlcm.onnx.pipeline.Goldens.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.backend.Backend;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.component.Rows;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.random.Noise;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LatentConsistencyModelTest {
    private static final List<String> PROMPTS = List.of("a cat on grass", "a fox in the snow");

    private static Backend backend;
    private static LatentConsistencyModel emoji;

    @TempDir
    Path temp;

    @BeforeAll
    static void load() throws IOException {
        backend = OrtBackend.cpu();
        emoji = LatentConsistencyModel.load(Models.EMOJI, backend);
    }

    @AfterAll
    static void close() {
        backend.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4, 8})
    void latentsAndPicturesAreThoseOfPyTorch(int steps) throws IOException {
        Map<String, TensorData> golden = Goldens.read("emoji-golden/lcm-h" + steps + ".npz");
        TensorData latents = emoji.latents(
                PROMPTS,
                emoji.schedule().steps(steps),
                golden.get("guidance_scale").getDouble(0),
                noise(golden));
        assertClose(latents, golden.get("latents"), 1e-3);
        List<Sample> samples = emoji.decode(PROMPTS, golden.get("latents"));
        TensorData images = golden.get("images"); // in [-1, 1], not clamped
        for (int row = 0; row < PROMPTS.size(); row++) {
            double[] expected = Arrays.stream(Rows.slice(images, row, row + 1).toDoubles())
                    .map(x -> Math.max(0, Math.min(1, x / 2 + 0.5)))
                    .toArray();
            assertThat(samples.get(row).prompt()).isEqualTo(PROMPTS.get(row));
            assertClose(doubles(samples.get(row).pixels()), expected, 1e-4);
        }
    }

    @Test
    void conditioningIsThatOfPyTorch() throws IOException {
        Map<String, TensorData> golden = Goldens.read("emoji-golden/lcm-h4.npz");
        List<Map<String, TensorData>> rows = emoji.condition(PROMPTS, 3);
        assertThat(rows.get(0)).containsOnlyKeys("encoder_hidden_states", "timestep_cond");
        assertClose(stack(rows, "encoder_hidden_states"), golden.get("encoder_hidden_states"), 1e-4);
        assertClose(stack(rows, "timestep_cond"), golden.get("timestep_cond"), 1e-6);
    }

    @Test
    void theStatesOfAPromptAreComputedOnce() {
        TensorData first = emoji.condition(List.of("a bee"), 1).get(0).get("encoder_hidden_states");
        assertThat(emoji.condition(List.of("a bee"), 2).get(0).get("encoder_hidden_states"))
                .isSameAs(first);
    }

    @Test
    void aBatchOfFourIsFourBatchesOfOne() {
        List<String> prompts = List.of("a cat", "a dog at night", "a bee", "a lion on sand");
        List<Sample> together = emoji.generate(prompts, 4, 3, 7);
        for (int row = 0; row < prompts.size(); row++) {
            Sample alone =
                    emoji.generate(prompts.subList(row, row + 1), 4, 3, 7 + row).get(0);
            assertClose(doubles(together.get(row).pixels()), doubles(alone.pixels()), 1e-4);
        }
        assertThat(together.get(0).pixels()).isNotEqualTo(together.get(1).pixels());
    }

    @Test
    void anySizeOfPictureCanBeAskedFor() throws IOException {
        LatentConsistencyModel wide = LatentConsistencyModel.load(
                Models.EMOJI, backend, PipelineOptions.defaults().withSize(48, 96));
        assertThat(wide.latentShape()).isEqualTo(Shape.of(4, 12, 24));
        Sample sample = wide.generate(List.of("a whale in the sea"), 1, 2, 1).get(0);
        assertThat(sample.height()).isEqualTo(48);
        assertThat(sample.width()).isEqualTo(96);
        assertThatThrownBy(() -> LatentConsistencyModel.load(
                        Models.EMOJI, backend, PipelineOptions.defaults().withSize(50, 64)))
                .hasMessageContaining("multiples of 4, got 50 x 64");
    }

    @Test
    void denoisersOfDifferentBatchesShareTheirWeights() {
        Graph two = emoji.denoiser(2);
        assertThat(emoji.denoiser(2)).isSameAs(two);
        Set<TensorData> shared = largeConstants(two);
        assertThat(shared).hasSizeGreaterThan(50);
        assertThat(largeConstants(emoji.denoiser(3))).isSubsetOf(shared);
        assertThat(two.inputs())
                .extracting(input -> input.label() + " " + input.type() + input.shape())
                .containsExactlyInAnyOrder(
                        "sample FLOAT32[2,4,16,16]",
                        "timestep FLOAT32[2]",
                        "encoder_hidden_states FLOAT32[2,12,64]",
                        "timestep_cond FLOAT32[2,256]");
    }

    @Test
    void impossibleRequestsAreRefused() {
        assertThatThrownBy(() -> emoji.generate(List.of(), 4, 3, 1)).hasMessageContaining("no prompts");
        assertThatThrownBy(() -> emoji.generate(PROMPTS, 0, 3, 1)).hasMessageContaining("[1, 50]");
        assertThatThrownBy(() -> emoji.generate(PROMPTS, 51, 3, 1)).hasMessageContaining("[1, 50]");
        assertThatThrownBy(() -> emoji.generate(PROMPTS, 4, 0.5, 1))
                .hasMessage("guidanceScale must be at least 1 and finite, got 0.5");
        assertThatThrownBy(() -> emoji.denoiser(0)).hasMessageContaining("at least 1, got 0");
        assertThatThrownBy(() -> emoji.decode(PROMPTS, TensorData.zeros(DataType.FLOAT32, Shape.of(1, 4, 16, 16))))
                .hasMessageContaining("[2,4,16,16]");
    }

    private static Noise noise(Map<String, TensorData> golden) {
        TensorData noise = golden.get("noise"); // [N, B, C, h, w]
        return (row, k, size) -> {
            TensorData step = Rows.slice(noise, k, k + 1).reshape(Shape.of(2, 4, 16, 16));
            return Rows.slice(step, row, row + 1).toFloats();
        };
    }

    private static TensorData stack(List<Map<String, TensorData>> rows, String name) {
        return Rows.stack(rows.stream().map(row -> row.get(name)).toList());
    }

    private static Set<TensorData> largeConstants(Graph graph) {
        return graph.topologicalOrder().stream()
                .filter(value -> value.is(Op.CONSTANT) && value.shape().size() > 1000)
                .map(Value::data)
                .collect(Collectors.toSet());
    }

    private static double[] doubles(float[] values) {
        double[] result = new double[values.length];
        Arrays.setAll(result, i -> values[i]);
        return result;
    }

    @Test
    void freshAdaptersDifferByTheirRandomStream() {
        List<float[]> draws = new ArrayList<>();
        for (long seed : new long[] {0, 1, 1}) {
            try (ConsistencyPolicy policy = emoji.policy(
                    LoraConfig.rank(2).targeting("attention"), SamplingPlan.steps(2), RandomStreams.seeded(seed))) {
                draws.add(policy.adapter().tensors().values().iterator().next().toFloats());
            }
        }
        try (ConsistencyPolicy policy =
                emoji.policy(LoraConfig.rank(2).targeting("attention"), SamplingPlan.steps(2))) {
            assertThat(policy.adapter().tensors().values().iterator().next().toFloats())
                    .isEqualTo(draws.get(0));
        }
        assertThat(draws.get(1)).isEqualTo(draws.get(2)).isNotEqualTo(draws.get(0));
    }
}
