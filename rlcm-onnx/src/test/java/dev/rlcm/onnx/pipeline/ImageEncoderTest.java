package dev.rlcm.onnx.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageEncoderTest {
    private static final double SCALING_FACTOR = 0.74537;

    /** PyTorch's encoder, of whose output the first four channels are the mean. */
    @Test
    void latentsAreThoseOfPyTorch() throws IOException {
        Map<String, TensorData> golden = Goldens.read("emoji-golden/vae.npz");
        TensorData pictures = golden.get("sample");
        TensorData parameters = golden.get("latent_parameters");
        try (OrtBackend backend = OrtBackend.cpu(1)) {
            LatentModel model = LatentConsistencyModel.load(Models.EMOJI, backend);
            TensorData latents = model.encode(
                    IntStream.range(0, 2).mapToObj(i -> sample(pictures, i)).toList());

            double[] means = IntStream.range(0, 2)
                    .boxed()
                    .flatMapToDouble(b -> IntStream.range(0, 4 * 256)
                            .mapToDouble(i -> parameters.getDouble(b * 8 * 256 + i) * SCALING_FACTOR))
                    .toArray();
            Goldens.assertClose(latents.toDoubles(), means, 1e-4);
            assertThat(latents.shape()).isEqualTo(Shape.of(2, 4, 16, 16));
        }
    }

    private static Sample sample(TensorData pictures, int row) {
        float[] pixels = new float[3 * 64 * 64];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (float) (pictures.getDouble(row * pixels.length + i) / 2 + 0.5);
        }
        return Sample.of("", 64, 64, pixels);
    }

    @Test
    void whatCannotBeEncodedIsRefused(@TempDir Path directory) throws IOException {
        Path model = Models.copy(Models.EMOJI, directory);
        Files.delete(model.resolve("vae_encoder/model.onnx"));
        try (OrtBackend backend = OrtBackend.cpu(1)) {
            List<Sample> small = List.of(Sample.of("a dot", 1, 1, new float[3]));
            LatentModel complete = LatentConsistencyModel.load(Models.EMOJI, backend);
            assertThatThrownBy(() -> complete.encode(small))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContainingAll("64 x 64", "a dot");
            LatentModel without = LatentConsistencyModel.load(model, backend);
            assertThatThrownBy(() -> without.encode(small))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("vae_encoder/model.onnx");
        }
    }
}
