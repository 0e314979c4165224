package dev.rlcm.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.exporter.Dialect;
import dev.rlcm.onnx.exporter.OnnxWriter;
import dev.rlcm.onnx.format.ModelFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OnnxModelsTest {
    private static final Path MODEL =
            Path.of(System.getProperty("rlcm.root"), "fixtures/clip-golden/aesthetic_mlp.onnx");
    private static final Path UNET =
            Path.of(System.getProperty("rlcm.root"), "fixtures/tiny-lcm/unet_opset17/model.onnx");

    @TempDir
    Path directory;

    private static Graph perceptron() {
        Value x = Value.input("x", DataType.FLOAT32, Shape.of(3, 64));
        Value w = Value.constant(TensorData.generate(DataType.FLOAT32, Shape.of(64, 16), i -> Math.sin(i)), "w");
        Value hidden =
                Value.of(Op.MATMUL, Attributes.of("transA", false, "transB", false), List.of(x, w), "/mlp/fc1/MatMul");
        Value y = Value.of(Op.GELU, Attributes.of("approximate", "tanh"), hidden);
        return Graph.of(
                "y", Value.of(Op.SWISH, Attributes.of("alpha", 1.702), y).matmul(y, false, true));
    }

    private static TensorData run(Graph graph) {
        TensorData x = TensorData.generate(DataType.FLOAT32, Shape.of(3, 64), i -> Math.cos(i));
        try (OrtBackend backend = OrtBackend.cpu(1)) {
            return backend.compile(graph).run(Map.of("x", x)).get("y");
        }
    }

    @Test
    void saveThenLoadIsTheSameFunctionWithTheSameLabels() throws IOException {
        Graph graph = perceptron();
        Path file = directory.resolve("model.onnx");
        OnnxModels.save(graph, file);
        Graph loaded = OnnxModels.load(file, Map.of());
        assertThat(run(loaded).toFloats()).isEqualTo(run(graph).toFloats());
        assertThat(loaded.topologicalOrder()).extracting(Value::label).contains("/mlp/fc1/MatMul", "w");
        assertThat(loaded.toString()).contains("transB=true").contains("SWISH").contains("GELU");
    }

    @Test
    void portableFilesUseStandardOperatorsOnly() throws IOException {
        Path file = directory.resolve("portable.onnx");
        OnnxModels.savePortable(perceptron(), file);
        assertThat(ModelFile.read(file).getGraph().getNodeList())
                .allMatch(node -> node.getDomain().isEmpty());
        assertThat(Tensors.relativeError(run(OnnxModels.load(file, Map.of())), run(perceptron())))
                .isLessThan(1e-5);
    }

    @Test
    void largeWeightsGoToAFileBesideTheModel() throws IOException {
        Path file = directory.resolve("big.onnx");
        OnnxWriter.write(perceptron(), file, Dialect.RUNTIME, 100);
        assertThat(directory.resolve("big.onnx.data")).hasSize(64 * 16 * 4);
        assertThat(run(OnnxModels.load(file, Map.of())).toFloats())
                .isEqualTo(run(perceptron()).toFloats());
    }

    @Test
    void externalDataMayNotLeaveTheModelsDirectory() throws IOException {
        Path inner = Files.createDirectory(directory.resolve("model"));
        OnnxWriter.write(perceptron(), inner.resolve("a.onnx"), Dialect.RUNTIME, 100);
        Path secret = directory.resolve("secret.bin");
        Files.move(inner.resolve("a.onnx.data"), secret);
        for (String location : List.of("../secret.bin", secret.toString(), "x/../../secret.bin", "")) {
            relocate(inner.resolve("a.onnx"), inner.resolve("b.onnx"), location);
            assertThatThrownBy(() -> OnnxModels.load(inner.resolve("b.onnx"), Map.of()))
                    .isInstanceOf(GraphException.class)
                    .hasMessageContaining("leaves the model's directory")
                    .hasMessageNotContaining("export");
        }
        Files.createSymbolicLink(inner.resolve("a.onnx.data"), secret);
        assertThatThrownBy(() -> OnnxModels.load(inner.resolve("a.onnx"), Map.of()))
                .hasMessageContaining("is a link to " + secret.toRealPath());
    }

    @Test
    void externalDataIsFoundFromRelativePathsAndThroughLinksToTheDirectory() throws IOException {
        Path inner = Files.createDirectory(directory.resolve("model"));
        OnnxWriter.write(perceptron(), inner.resolve("a.onnx"), Dialect.RUNTIME, 100);
        Path here = Path.of("").toAbsolutePath();
        Path linked = Files.createSymbolicLink(directory.resolve("linked"), inner);
        for (Path path : List.of(
                Path.of(".").resolve(here.relativize(inner)),
                here.relativize(directory).resolve("model/../model"),
                inner.resolve("."),
                linked)) {
            assertThat(run(OnnxModels.load(path.resolve("a.onnx"), Map.of())).toFloats())
                    .as("%s", path)
                    .isEqualTo(run(perceptron()).toFloats());
        }
    }

    /** {@code snapshots/<revision>/unet/model.onnx_data} is a link to {@code blobs/<hash>}. */
    @Test
    void externalDataInACacheOfTheHubIsFollowedIntoItsOwnRepositoryOnly() throws IOException {
        Path repository = directory.resolve("models--us--model");
        Path blobs = Files.createDirectories(repository.resolve("blobs"));
        Path unet = Files.createDirectories(repository.resolve("snapshots/0ff1ce/unet"));
        OnnxWriter.write(perceptron(), unet.resolve("a.onnx"), Dialect.RUNTIME, 100);
        Files.move(unet.resolve("a.onnx.data"), blobs.resolve("da7a"));
        Files.createSymbolicLink(unet.resolve("a.onnx.data"), Path.of("../../../blobs/da7a"));
        assertThat(run(OnnxModels.load(unet.resolve("a.onnx"), Map.of())).toFloats())
                .isEqualTo(run(perceptron()).toFloats());
        Files.delete(unet.resolve("a.onnx.data"));
        Path other = Files.createDirectories(directory.resolve("models--them--other/blobs"));
        Files.move(blobs.resolve("da7a"), other.resolve("da7a"));
        Files.createSymbolicLink(unet.resolve("a.onnx.data"), other.resolve("da7a"));
        assertThatThrownBy(() -> OnnxModels.load(unet.resolve("a.onnx"), Map.of()))
                .hasMessageContaining("is a link to");
    }

    @Test
    void whatIsWrongWithManyTensorsIsSaidOnce() throws IOException {
        Value x = Value.input("x", DataType.FLOAT32, Shape.of(1, 64));
        for (int i = 0; i < 40; i++) {
            int seed = i;
            TensorData weight = TensorData.generate(DataType.FLOAT32, Shape.of(64, 64), j -> Math.sin(j + seed) / 64);
            x = x.matmul(Value.constant(weight, "layers." + i + ".weight"));
        }
        Path file = directory.resolve("deep.onnx");
        OnnxWriter.write(Graph.of("y", x), file, Dialect.RUNTIME, 100);
        Path data = directory.resolve("deep.onnx.data");

        Files.write(data, new byte[64]);
        assertThatThrownBy(() -> OnnxModels.load(file, Map.of()))
                .hasMessageMatching("(?s).*what cannot be read \\(40\\):\n  initializer x40 "
                        + "\\(layers\\.0\\.weight, .* and 32 more\\): the first bytes 0 to 16384 lie outside [^\n]*");
        Files.delete(data);
        assertThatThrownBy(() -> OnnxModels.load(file, Map.of()))
                .hasMessageContaining("and 32 more): external data file " + data)
                .hasMessageContaining("belongs beside the model")
                .hasMessageNotContaining("export");
    }

    private static void relocate(Path from, Path to, String location) throws IOException {
        var model = ModelFile.read(from).toBuilder();
        var weight = model.getGraphBuilder().getInitializerBuilder(0);
        weight.getExternalDataBuilder(0).setValue(location);
        Files.write(to, model.build().toByteArray());
    }

    /** Weights are read from the file again to transform them, but never from another file in its place. */
    @Test
    void rowsThatAreReadAgainAreThoseThatWereLoaded() throws IOException {
        Path file = directory.resolve("model.onnx");
        OnnxWriter.write(perceptron(), file, Dialect.RUNTIME, 100);
        List<TensorData> weights = OnnxModels.load(file, Map.of()).topologicalOrder().stream()
                .filter(v -> v.is(Op.CONSTANT) && v.shape().size() * 4 > 100)
                .map(Value::data)
                .toList();
        assertThat(weights).isNotEmpty();
        List<float[]> before = weights.stream().map(TensorData::toFloats).toList();
        assertRows(weights, before);
        Path data = directory.resolve("model.onnx.data");
        Path other = directory.resolve("other");
        Files.write(other, new byte[(int) Files.size(data)]);
        Files.move(other, data, StandardCopyOption.REPLACE_EXISTING);
        assertRows(weights, before);
        Files.delete(data);
        assertRows(weights, before);
        TensorData inMemory = TensorData.floats(Shape.of(3, 2), 1, 2, 3, 4, 5, 6);
        assertThat(inMemory.rows(1, 3).toFloats()).containsExactly(3, 4, 5, 6);
    }

    private static void assertRows(List<TensorData> weights, List<float[]> values) {
        for (int i = 0; i < values.size(); i++) {
            TensorData weight = weights.get(i);
            int rows = weight.shape().dim(0);
            int width = weight.size() / rows;
            assertThat(weight.rows(0, rows).toFloats()).isEqualTo(values.get(i));
            assertThat(weight.rows(rows - 1, rows).toFloats())
                    .isEqualTo(Arrays.copyOfRange(values.get(i), (rows - 1) * width, rows * width));
        }
    }

    @Test
    void truncatedExternalDataIsRefused() throws IOException {
        Path file = directory.resolve("short.onnx");
        OnnxWriter.write(perceptron(), file, Dialect.RUNTIME, 100);
        Files.write(directory.resolve("short.onnx.data"), new byte[100]);
        assertThatThrownBy(() -> OnnxModels.load(file, Map.of()))
                .isInstanceOf(GraphException.class)
                .hasMessageContaining("short.onnx")
                .hasMessageContaining("truncated");
    }

    @Test
    void unboundDimensionsAreListed() {
        assertThatThrownBy(() -> OnnxModels.load(UNET, Map.of("batch_size", 1, "steps", 1)))
                .isInstanceOf(GraphException.class)
                .hasMessageContaining("[height, num_channels, sequence_length, width]");
    }

    @Test
    void wholeShapesBindSymbolsOfOtherInputs() throws IOException {
        Graph graph = OnnxModels.load(
                UNET,
                LoadOptions.defaults()
                        .withInputShapes(Map.of(
                                "sample", Shape.of(3, 4, 8, 8),
                                "timestep", Shape.of(3),
                                "encoder_hidden_states", Shape.of(3, 5, 32))));
        assertThat(graph.input("timestep_cond").shape()).isEqualTo(Shape.of(3, 256));
        assertThatThrownBy(() ->
                        OnnxModels.load(UNET, LoadOptions.defaults().withInputShapes(Map.of("sampel", Shape.of(1)))))
                .hasMessageContaining("no input named 'sampel'");
        assertThatThrownBy(() -> OnnxModels.load(
                        UNET, LoadOptions.defaults().withInputShapes(Map.of("timestep_cond", Shape.of(1, 255)))))
                .hasMessageContaining("timestep_cond");
        assertThatThrownBy(() -> OnnxModels.load(
                        UNET,
                        LoadOptions.defaults()
                                .withInputShapes(Map.of(
                                        "sample", Shape.of(3, 4, 8, 8),
                                        "timestep", Shape.of(3),
                                        "encoder_hidden_states", Shape.of(2, 5, 32),
                                        "timestep_cond", Shape.of(3, 256)))))
                .isInstanceOf(GraphException.class)
                .hasMessageContaining("disagree on the dimensions [batch_size]");
    }

    @Test
    void signatureHasNamesTypesAndSymbols() throws IOException {
        OnnxSignature signature = OnnxModels.inspect(UNET);
        assertThat(signature.opset()).isEqualTo(17);
        assertThat(signature.input("timestep").type()).isEqualTo(DataType.INT64);
        assertThat(signature.input("sample").dims()).hasToString("[batch_size, num_channels, height, width]");
        assertThat(signature.input("timestep_cond").dims().get(1).extent()).hasValue(256);
        assertThatThrownBy(() -> signature.output("image")).hasMessageContaining("out_sample");
    }

    @Test
    void everyTruncationIsAnErrorThatNamesTheFile() throws IOException {
        byte[] bytes = Files.readAllBytes(MODEL);
        Path file = directory.resolve("cut.onnx");
        for (int length = 0; length < bytes.length - 1; length += 97) {
            Files.write(file, java.util.Arrays.copyOf(bytes, length));
            assertThatThrownBy(() -> OnnxModels.load(file, Map.of("batch_size", 1, "batch", 1)))
                    .isInstanceOfAny(IOException.class, GraphException.class)
                    .hasMessageContaining("cut.onnx");
        }
    }

    @Test
    void damageEitherGoesUnnoticedOrIsADocumentedError() throws IOException {
        byte[] bytes = Files.readAllBytes(MODEL);
        Path file = directory.resolve("damaged.onnx");
        Random random = new Random(3);
        int refused = 0;
        for (int trial = 0; trial < 300; trial++) {
            byte[] damaged = bytes.clone();
            for (int i = 0; i < 5; i++) {
                damaged[random.nextInt(i < 3 ? 400 : damaged.length)] ^= (byte) (1 << random.nextInt(8));
            }
            Files.write(file, damaged);
            try {
                OnnxModels.load(file, Map.of("batch_size", 1, "batch", 1));
            } catch (IOException | GraphException e) {
                assertThat(e).hasMessageContaining("damaged.onnx");
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(50);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 6, 24})
    void opsetsThatAreNotKnownAreRefusedWithTheRemedy(int opset) throws IOException {
        Path file = write(NodeCase.of("Relu", opset).feed(2).model());
        assertThatThrownBy(() -> OnnxModels.load(file, Map.of()))
                .isInstanceOf(GraphException.class)
                .hasMessageContaining("model.onnx: written in opset " + opset + ", supported are 7 to 23")
                .hasMessageContaining("onnx.version_converter")
                .hasMessageContaining("export it again");
    }

    @Test
    void versionsOfOtherOperatorSetsDoNotMatter() throws IOException {
        ModelProto.Builder model = NodeCase.of("Relu", 11).feed(2).model().toBuilder();
        for (int version : new int[] {1, 100}) {
            model.addOpsetImport(
                    OperatorSetIdProto.newBuilder().setDomain("ai.onnx.ml").setVersion(version));
            Path file = write(model.build());
            assertThat(OnnxModels.load(file, Map.of()).outputs()).containsOnlyKeys("y0");
        }
    }

    @Test
    void aModelThatNamesNoOpsetIsOfTheFirst() throws IOException {
        ModelProto.Builder model = NodeCase.of("Relu", 17).feed(2).model().toBuilder();
        Path file = write(model.clearOpsetImport().build());
        assertThatThrownBy(() -> OnnxModels.load(file, Map.of())).hasMessageContaining("written in opset 1,");
    }

    private Path write(ModelProto model) throws IOException {
        return Files.write(directory.resolve("model.onnx"), model.toByteArray());
    }

    @Test
    void aMissingFileIsNamed() {
        assertThatThrownBy(() -> OnnxModels.load(directory.resolve("none.onnx"), Map.of()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("none.onnx");
    }
}
