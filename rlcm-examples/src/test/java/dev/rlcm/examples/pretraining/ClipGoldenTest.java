package dev.rlcm.examples.pretraining;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.backend.Backend;
import dev.rlcm.compilation.Lowering;
import dev.rlcm.examples.models.EmbeddedModel;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.io.Npz;
import dev.rlcm.onnx.OrtBackend;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Loss and gradients of both towers against autograd in double precision, see fixtures/contrastive-golden/README.md. */
class ClipGoldenTest {
    private static final Path GOLDEN =
            Path.of(System.getProperty("rlcm.root"), "fixtures", "contrastive-golden", "emoji-clip.npz");

    private static final String GRADIENT = "gradient.";

    /** Gradients without any but rounding: of biases before a normalisation, and of keys, which softmax does not see. */
    private static final double ZERO = 1e-6;

    @Test
    void gradientsOfBothTowersArePyTorchs() throws IOException {
        Map<String, TensorData> golden = Npz.read(GOLDEN);
        try (Clip clip = Clip.load(EmbeddedModel.emojiClip(), 4);
                Backend backend = OrtBackend.cpu(1)) {
            clip.setLogScale(2);
            Value matches = Value.input("matches", DataType.FLOAT32, Shape.of(4, 4));
            Graph loss = Graph.of("loss", clip.compare(matches).loss());
            Map<String, TensorData> inputs = new LinkedHashMap<>(clip.parameters());
            for (String input : new String[] {"pixel_values", "input_ids", "matches"}) {
                inputs.put(input, golden.get(input));
            }
            Map<String, Value> wrt = new LinkedHashMap<>();
            clip.parameters().keySet().forEach(name -> wrt.put(GRADIENT + name, loss.input(name)));
            Value one = Value.scalar(DataType.FLOAT32, 1);
            Map<String, TensorData> results = backend.compile(
                            Lowering.of(backend).update(loss, Map.of("loss", one), wrt))
                    .run(inputs);
            double expected = golden.get("loss").getDouble(0);
            assertThat(results.get("loss").getDouble(0)).isCloseTo(expected, within(1e-5 * expected));
            long norms = golden.keySet().stream()
                    .filter(name -> name.startsWith("norm:"))
                    .count();
            assertThat(clip.parameters()).hasSize((int) norms);
            clip.parameters().keySet().forEach(name -> assertGradient(name, results.get(GRADIENT + name), golden));
        }
    }

    private static void assertGradient(String name, TensorData gradient, Map<String, TensorData> golden) {
        double norm = golden.get("norm:" + name).getDouble(0);
        double square = 0;
        for (double each : gradient.toDoubles()) {
            square += each * each;
        }
        assertThat(Math.sqrt(square)).as(name).isCloseTo(norm, within(1e-4 * norm + ZERO));
        TensorData whole = golden.get("grad:" + name);
        if (whole != null) {
            double difference = 0;
            for (int i = 0; i < whole.size(); i++) {
                difference += Math.pow(gradient.getDouble(i) - whole.getDouble(i), 2);
            }
            assertThat(Math.sqrt(difference)).as(name).isLessThan(1e-4 * norm + ZERO);
        }
    }
}
