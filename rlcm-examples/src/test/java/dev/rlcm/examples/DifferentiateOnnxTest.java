package dev.rlcm.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.onnx.proto.OnnxMl.ModelProto;
import dev.rlcm.examples.gradients.TensorFiles;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.io.Npy;
import dev.rlcm.io.Npz;
import dev.rlcm.io.Safetensors;
import dev.rlcm.onnx.OnnxModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DifferentiateOnnxTest {
    private static final Path FIXTURES = Path.of(System.getProperty("rlcm.root"), "fixtures");
    private static final Path GOLDEN = FIXTURES.resolve("tiny-lcm-golden");

    @TempDir
    Path directory;

    private Path out;

    @BeforeEach
    void chooseOutput() {
        out = directory.resolve("out.safetensors");
    }

    private String run(Path model, Path inputs, Object... more) {
        return Commands.succeed(new DifferentiateOnnx(), arguments(model, inputs, more));
    }

    private String refused(Path model, Path inputs, Object... more) {
        return Commands.fail(new DifferentiateOnnx(), arguments(model, inputs, more));
    }

    private Object[] arguments(Path model, Path inputs, Object... more) {
        List<Object> all = new ArrayList<>(List.of("--model", model, "--inputs", inputs, "--out", out));
        all.addAll(List.of(more));
        return all.toArray();
    }

    private static Path unet(String folder) {
        return FIXTURES.resolve("tiny-lcm").resolve(folder).resolve("model.onnx");
    }

    /** The random G that the goldens were computed with. */
    private Path upstream() throws IOException {
        Path file = directory.resolve("g.npy");
        Npy.write(file, Npz.read(GOLDEN.resolve("inputs.npz")).get("upstream_gradient"));
        return file;
    }

    @ParameterizedTest
    @ValueSource(strings = {"unet", "unet_opset17"})
    void everyLoraGradientEqualsThatOfPyTorch(String folder) throws IOException {
        String notice = run(
                unet(folder),
                GOLDEN.resolve("inputs.npz"),
                "--adapter",
                GOLDEN.resolve("lora_diffusers.safetensors"),
                "--upstream",
                upstream(),
                "--wrt",
                "adapter,sample,encoder_hidden_states,timestep_cond");
        assertThat(notice).startsWith("note: [upstream_gradient] of ");
        Map<String, TensorData> expected = new LinkedHashMap<>(Npz.read(GOLDEN.resolve("grads_lora_f64.npz")));
        assertThat(expected).hasSize(2 * 128 + 3);
        expected.put("out_sample", Npz.read(GOLDEN.resolve("outputs.npz")).get("lora_f64"));
        assertClose(folder + " with LoRA", Safetensors.read(out).tensors(), expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"unet", "unet_opset17"})
    void withoutAdapterAllFloatingInputsAreDifferentiatedBy(String folder) throws IOException {
        run(unet(folder), GOLDEN.resolve("inputs.npz"), "--upstream", upstream());
        Map<String, TensorData> expected = new LinkedHashMap<>(Npz.read(GOLDEN.resolve("grads_base_f64.npz")));
        expected.put("out_sample", Npz.read(GOLDEN.resolve("outputs.npz")).get("base_f64"));
        assertClose(folder, Safetensors.read(out).tensors(), expected);
    }

    /** The file as PEFT writes it, but alone: its alpha is 8, its rank 4. */
    @Test
    void alphaCanBeGivenForAnAdapterWithoutItsConfiguration() throws IOException {
        Path alone = directory.resolve("alone").resolve("adapter_model.safetensors");
        new Safetensors(
                        Safetensors.read(GOLDEN.resolve("lora_peft.safetensors"))
                                .tensors(),
                        Map.of())
                .write(alone);
        Path inputs = GOLDEN.resolve("inputs.npz");
        run(unet("unet"), inputs, "--adapter", alone, "--alpha", 8);
        Map<String, TensorData> outputs =
                Map.of("out_sample", Npz.read(GOLDEN.resolve("outputs.npz")).get("lora_f64"));
        Map<String, TensorData> results = Safetensors.read(out).tensors();
        assertClose("alpha 8", Map.of("out_sample", results.get("out_sample")), outputs);
        assertThat(refused(unet("unet"), inputs, "--alpha", 8)).contains("--alpha needs an --adapter");
        assertThat(refused(unet("unet"), inputs, "--adapter", alone, "--alpha", -1))
                .contains("alpha must be positive");
    }

    /** Upstream for one of the outputs, picked by its name; the goldens' second image alone. */
    @Test
    void gradientsOfAnImageEncoderEqualThoseOfPyTorch() throws IOException {
        Path clip = FIXTURES.resolve("clip-golden");
        Map<String, TensorData> golden = Npz.read(clip.resolve("vision_grad.npz"));
        TensorData pixels = Npz.read(clip.resolve("pixel_values.npz")).get("photo_97x301");
        Path inputs = directory.resolve("pixels.npz");
        Npz.write(inputs, Map.of("pixel_values", pixels.reshape(Shape.of(1, 3, 128, 128))));
        Path upstream = directory.resolve("g.npz");
        Npz.write(upstream, Map.of("image_embeds", second(golden.get("upstream_gradient"))));
        run(clip.resolve("vision_model.onnx"), inputs, "--upstream", upstream);
        TensorData gradient = Safetensors.read(out).tensor("pixel_values");
        assertThat(relativeError(gradient, second(golden.get("grad_pixel_values"))))
                .isLessThan(1e-4);
    }

    /** [1, ...] of [2, ...]. */
    private static TensorData second(TensorData both) {
        Shape shape = both.shape().with(0, 1);
        int offset = (int) shape.size();
        return TensorData.generate(both.type(), shape, i -> both.getDouble(offset + i));
    }

    /** Relative L2, every tensor by itself. */
    private static void assertClose(String what, Map<String, TensorData> actual, Map<String, TensorData> expected) {
        assertThat(actual.keySet()).isEqualTo(expected.keySet());
        for (Map.Entry<String, TensorData> entry : expected.entrySet()) {
            double error = relativeError(actual.get(entry.getKey()), entry.getValue());
            assertThat(error).as(what + ": " + entry.getKey()).isLessThan(1e-4);
        }
    }

    private static double relativeError(TensorData actual, TensorData expected) {
        assertThat(actual.shape()).isEqualTo(expected.shape());
        double error = 0;
        double norm = 0;
        for (int i = 0; i < expected.size(); i++) {
            error += Math.pow(actual.getDouble(i) - expected.getDouble(i), 2);
            norm += Math.pow(expected.getDouble(i), 2);
        }
        return Math.sqrt(error / norm);
    }

    /** y = x^2 z and w = 3 x, with x [n] and z [1]. */
    private Path twoOutputs() throws IOException {
        Value x = Value.input("x", DataType.FLOAT32, Shape.of(2));
        Value z = Value.input("z", DataType.FLOAT32, Shape.of(1));
        Map<String, Value> outputs = new LinkedHashMap<>();
        outputs.put("y", x.square().mul(z));
        outputs.put("w", x.mul(3));
        Path file = directory.resolve("two.onnx");
        OnnxModels.save(Graph.of(outputs), file);
        return file;
    }

    private Path twoInputs() throws IOException {
        Path file = directory.resolve("in.npz");
        Npz.write(
                file,
                Map.of(
                        "x", TensorData.doubles(Shape.of(2), 2, -5),
                        "z", TensorData.generate(DataType.INT32, Shape.of(1), i -> 7)));
        return file;
    }

    private double[] result(String name) throws IOException {
        return TensorFiles.read(out).get(name).toDoubles();
    }

    @Test
    void upstreamIsOnesUnlessGiven() throws IOException {
        run(twoOutputs(), twoInputs());
        assertThat(result("y")).containsExactly(28, 175);
        assertThat(result("w")).containsExactly(6, -15);
        assertThat(result("x")).containsExactly(2 * 2 * 7 + 3, -2 * 5 * 7 + 3);
        assertThat(result("z")).containsExactly(4 + 25);
    }

    @Test
    void anOutputWithoutUpstreamCountsAsZerosIfOthersHaveOne() throws IOException {
        Path upstream = directory.resolve("g.safetensors");
        Safetensors.of(Map.of("w", TensorData.doubles(Shape.of(2), 10, 1))).write(upstream);
        out = directory.resolve("out.npz");
        run(twoOutputs(), twoInputs(), "--upstream", upstream, "--wrt", "z,x");
        assertThat(result("x")).containsExactly(30, 3);
        assertThat(result("z")).containsExactly(0);
        assertThat(Npz.read(out)).containsOnlyKeys("y", "w", "x", "z");
    }

    @Test
    void weightsAreNamedAloneToo() throws IOException {
        String site = "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.lora_B.weight";
        run(
                unet("unet"),
                GOLDEN.resolve("inputs.npz"),
                "--adapter",
                GOLDEN.resolve("lora_peft.safetensors"),
                "--upstream",
                upstream(),
                "--wrt",
                site);
        TensorData expected = Npz.read(GOLDEN.resolve("grads_lora_f64.npz")).get(site);
        assertThat(Safetensors.read(out).tensors()).containsOnlyKeys("out_sample", site);
        assertThat(relativeError(Safetensors.read(out).tensor(site), expected)).isCloseTo(0, within(1e-4));
    }

    /** y = x W: the gradient by W is x times the upstream, and the weight keeps its value. */
    @Test
    void weightsOfTheModelAreNamedAsTheirInitializers() throws IOException {
        Value x = Value.input("x", DataType.FLOAT32, Shape.of(1, 2));
        TensorData weight = TensorData.floats(Shape.of(3, 2), new float[] {1, 2, 3, 4, 5, 6});
        Value product = x.matmul(Value.constant(weight, "fc.weight").transpose(1, 0));
        Path model = directory.resolve("linear.onnx");
        OnnxModels.save(Graph.of("y", product), model);
        Path inputs = directory.resolve("in.npz");
        Npz.write(inputs, Map.of("x", TensorData.doubles(Shape.of(1, 2), 10, -1)));
        run(model, inputs, "--wrt", "fc.weight,x");
        assertThat(result("y")).containsExactly(8, 26, 44);
        assertThat(result("x")).containsExactly(9, 12);
        assertThat(TensorFiles.read(out).get("fc.weight").shape()).isEqualTo(Shape.of(3, 2));
        assertThat(result("fc.weight")).containsExactly(10, -1, 10, -1, 10, -1);
    }

    @Test
    void whatIsMissingIsNamed() throws IOException {
        Path model = twoOutputs();
        Path inputs = twoInputs();
        Path other = directory.resolve("other.npz");
        Npz.write(other, Map.of("x", TensorData.doubles(Shape.of(2), 1, 2)));
        assertThat(refused(model, other)).contains("other.npz must hold the model's inputs [x, z], it holds [x]");
        assertThat(refused(model, inputs, "--wrt", "adapter")).contains("--wrt adapter needs an --adapter");
        assertThat(refused(model, inputs, "--wrt", "q")).contains("no input named q; there are [x, z");
        assertThat(refused(model, inputs, "--upstream", other)).contains("floating-point outputs [y, w]");
        assertThat(refused(directory.resolve("none.onnx"), inputs)).contains("none.onnx");
        assertThat(refused(model, directory.resolve("none.npz"))).contains("no such file: ", "none.npz");
        assertThat(refused(model, directory.resolve("in.txt"))).contains(".npz or .safetensors, got");
        assertThat(out).doesNotExist();
        out = directory.resolve("out.txt");
        assertThat(refused(model, inputs)).contains(".npz or .safetensors, got", "out.txt");
    }

    @Test
    void valuesThatDoNotFitTheDeclaredTypeAreRefused() throws IOException {
        Value x = Value.input("x", DataType.FLOAT32, Shape.of(2));
        Value index = Value.input("i", DataType.INT32, Shape.of(1));
        Path model = directory.resolve("gather.onnx");
        OnnxModels.save(Graph.of("y", x.gather(0, index)), model);
        TensorData floats = TensorData.doubles(Shape.of(2), 1, 2);
        Path file = directory.resolve("in.safetensors");
        Safetensors.of(Map.of("x", floats, "i", TensorData.longs(Shape.of(1), 1L << 40)))
                .write(file);
        assertThat(refused(model, file)).contains("i must be INT32, got INT64[1]");
        Safetensors.of(Map.of("x", floats, "i", TensorData.doubles(Shape.of(1), 1)))
                .write(file);
        assertThat(refused(model, file)).contains("i must be INT32, got FLOAT64[1]");
        Safetensors.of(Map.of("x", floats, "i", TensorData.longs(Shape.of(1), 1)))
                .write(file);
        run(model, file);
        assertThat(result("x")).containsExactly(0, 1);
    }

    /** ONNX allows it where an input is passed through. */
    @Test
    void anOutputNamedAsWhatIsDifferentiatedByIsRefused() throws IOException {
        Path model = twoOutputs();
        ModelProto.Builder proto = ModelProto.parseFrom(Files.readAllBytes(model)).toBuilder();
        proto.getGraphBuilder().addOutput(proto.getGraph().getInput(0));
        Files.write(model, proto.build().toByteArray());
        assertThat(refused(model, twoInputs())).contains("an output and an input named x");
        run(model, twoInputs(), "--wrt", "z");
        assertThat(result("x")).containsExactly(2, -5);
        assertThat(result("z")).containsExactly(4 + 25);
    }
}
