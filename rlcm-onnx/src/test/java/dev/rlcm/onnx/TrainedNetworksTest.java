package dev.rlcm.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import dev.rlcm.backend.Executable;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.lora.LoraInjection;
import dev.rlcm.lora.LoraSite;
import dev.rlcm.onnx.format.OnnxTypes;
import dev.rlcm.rewrite.patterns.RaisePatterns;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Networks that others trained and exported, from Maven Central: PP-OCR by PaddlePaddle, with unknown extents of -1 and "?", and
 * all-MiniLM-L6-v2 by PyTorch and Optimum, in float32 and quantised at run time. Forward results are compared with ONNX Runtime on
 * the original files.
 */
class TrainedNetworksTest {
    private static final OrtBackend ORT = OrtBackend.cpu(2);
    private static final String MINI_LM = "/all-minilm-l6-v2.onnx";
    private static final String QUANTISED = "/all-minilm-l6-v2-q.onnx";
    private static final long CLS = 101;
    private static final long SEP = 102;

    /** "a cat on grass and a dog in the snow", or nearly so. */
    private static final long[] TEXT = {CLS, 1037, 4937, 2006, 5568, 1998, 1037, 3899, 1999, 1996, 4586, SEP};

    @AfterAll
    static void close() {
        ORT.close();
    }

    @ParameterizedTest
    @CsvSource({
        "ch_ppocr_mobile_v2.0_cls_infer.onnx, 48, 192", // declared as [-1, 3, ?, ?]
        "ch_PP-OCRv3_det_infer.onnx, 64, 96",
        "ch_PP-OCRv4_det_infer.onnx, 64, 96",
        "ch_PP-OCRv3_rec_infer.onnx, 48, 160",
        "ch_PP-OCRv4_rec_infer.onnx, 48, 160",
    })
    void textNetworksGiveWhatTheirFilesGive(String name, int height, int width) throws Exception {
        byte[] file = resource("/models/" + name);
        Shape shape = Shape.of(1, 3, height, width);
        Graph graph =
                OnnxModels.load(ByteBuffer.wrap(file), LoadOptions.defaults().withInputShapes(Map.of("x", shape)));
        assertSame(file, graph, Map.of("x", picture(shape)), 2e-4);
    }

    @Test
    void extentsThatAreNotKnownAreDeclaredOpen() throws IOException {
        OnnxSignature signature =
                OnnxModels.inspect(ByteBuffer.wrap(resource("/models/ch_ppocr_mobile_v2.0_cls_infer.onnx")));
        assertThat(signature.input("x").dims()).hasToString("[?, 3, ?, ?]");
    }

    @Test
    void anyShapeRunsOnAFileAsItIs() throws Exception {
        byte[] file = resource("/models/ch_ppocr_mobile_v2.0_cls_infer.onnx");
        try (Executable network = ORT.open(file);
                PlainSession plain = new PlainSession(file)) {
            for (int width : List.of(96, 192)) {
                Map<String, TensorData> inputs = Map.of("x", picture(Shape.of(2, 3, 48, width)));
                assertClose(
                        network.run(inputs).values().iterator().next(),
                        plain.run(inputs).values().iterator().next(),
                        1e-4);
            }
        }
    }

    @Test
    void anEncoderGivesWhatItsFileGives() throws Exception {
        byte[] file = resource(MINI_LM);
        assertSame(file, miniLm(file, TEXT), tokens(TEXT), 1e-4);
    }

    /** Of the first block: one value that is rounded the other way changes all that comes later by some per cent. */
    @Test
    void aQuantisedBlockGivesWhatItsFileGives() throws Exception {
        GraphProto.Builder graph =
                ModelProto.parseFrom(resource(QUANTISED)).getGraph().toBuilder().clearOutput();
        for (String output : List.of("attention/self/query/MatMul_output_0", "output/LayerNorm/Add_1_output_0")) {
            graph.addOutput(
                    OnnxTypes.port("/encoder/layer.0/" + output, DataType.FLOAT32, Shape.of(1, TEXT.length, 384)));
        }
        byte[] file = ModelProto.parseFrom(resource(QUANTISED)).toBuilder()
                .setGraph(graph)
                .build()
                .toByteArray();
        assertSame(file, miniLm(file, TEXT), tokens(TEXT), 1e-5);
    }

    /** For one direction of the mean embedding; the network's own results are 16 % off those of its twin. */
    @Test
    void theStraightThroughGradientOfAQuantisedEncoderIsThatOfItsTwin() throws IOException {
        double[] real = gradient(MINI_LM, "output_0");
        double[] quantised = gradient(QUANTISED, "last_hidden_state");
        assertThat(cosine(real, quantised)).isGreaterThan(0.99);
        assertThat(length(quantised) / length(real)).isCloseTo(1, within(0.1));
    }

    @Test
    void layersOfAQuantisedEncoderAreFoundAsThoseOfItsTwin() throws IOException {
        List<String> quantised = paths(miniLm(resource(QUANTISED), TEXT));
        assertThat(quantised)
                .hasSize(36)
                .contains("encoder.layer.0.attention.self.query", "encoder.layer.5.output.dense")
                .containsAll(paths(miniLm(resource(MINI_LM), TEXT)).stream()
                        .filter(path -> path.startsWith("encoder."))
                        .toList());
    }

    private static List<String> paths(Graph graph) {
        return LoraInjection.sites(graph).stream().map(LoraSite::path).toList();
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(TrainedNetworksTest.class.getResourceAsStream(name), name)) {
            return in.readAllBytes();
        }
    }

    private static Graph miniLm(byte[] file, long[]... texts) throws IOException {
        Map<String, Shape> shapes = new HashMap<>();
        tokens(texts).forEach((name, data) -> shapes.put(name, data.shape()));
        return OnnxModels.load(ByteBuffer.wrap(file), LoadOptions.defaults().withInputShapes(shapes));
    }

    private static Map<String, TensorData> tokens(long[]... texts) {
        Shape shape = Shape.of(texts.length, texts[0].length);
        long[] ids = Arrays.stream(texts).flatMapToLong(Arrays::stream).toArray();
        return Map.of(
                "input_ids", TensorData.longs(shape, ids),
                "attention_mask", TensorData.generate(DataType.INT64, shape, i -> 1),
                "token_type_ids", TensorData.zeros(DataType.INT64, shape));
    }

    /** Texts of 14 words that are drawn from three thousand. */
    private static long[][] texts(int count) {
        Random random = new Random(5);
        long[][] texts = new long[count][];
        for (int i = 0; i < count; i++) {
            texts[i] = LongStream.concat(
                            LongStream.concat(
                                    LongStream.of(CLS),
                                    random.ints(14, 1996, 4996).asLongStream()),
                            LongStream.of(SEP))
                    .toArray();
        }
        return texts;
    }

    /** A text in black on white, between -1 and 1: on noise a detector's result is ill-conditioned in any implementation. */
    private static TensorData picture(Shape shape) {
        int height = shape.dim(2);
        int width = shape.dim(3);
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_BYTE_GRAY);
        Graphics2D graphics = image.createGraphics();
        graphics.fillRect(0, 0, width, height);
        graphics.setColor(Color.BLACK);
        graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 24));
        graphics.drawString("text", 8, height / 2 + 8);
        return TensorData.generate(DataType.FLOAT32, shape, i -> {
            int pixel = i % (height * width);
            return (image.getRGB(pixel % width, pixel / width) & 0xff) / 127.5 - 1;
        });
    }

    private static void assertSame(byte[] file, Graph graph, Map<String, TensorData> inputs, double tolerance)
            throws Exception {
        try (PlainSession plain = new PlainSession(file);
                Executable executable = ORT.compile(graph)) {
            Map<String, TensorData> expected = plain.run(inputs);
            Map<String, TensorData> actual = executable.run(inputs);
            assertThat(actual.keySet()).isEqualTo(expected.keySet());
            actual.forEach((name, data) -> assertClose(data, Objects.requireNonNull(expected.get(name)), tolerance));
        }
    }

    private static void assertClose(TensorData actual, TensorData expected, double tolerance) {
        assertThat(actual.shape()).isEqualTo(expected.shape());
        double[] difference = actual.toDoubles();
        double[] values = expected.toDoubles();
        for (int i = 0; i < values.length; i++) {
            difference[i] -= values[i];
        }
        assertThat(length(difference) / length(values)).isLessThan(tolerance);
    }

    /** Of the first layer norm's weight. */
    private static double[] gradient(String resource, String output) throws IOException {
        String weight = "embeddings.LayerNorm.weight";
        long[][] texts = texts(16);
        Graph states = Graph.of(
                output, RaisePatterns.raise(miniLm(resource(resource), texts)).output(output));
        Graph joint = OnnxModels.differentiate(states, List.of(weight));
        double[] direction = new Random(3).doubles(384, -0.5, 0.5).toArray();
        Map<String, TensorData> feeds = new HashMap<>(tokens(texts));
        for (Value input : joint.inputs()) {
            if (input.label().startsWith("upstream_")) {
                feeds.put(input.label(), TensorData.generate(DataType.FLOAT32, input.shape(), i -> direction[i % 384]));
            }
        }
        feeds.put(weight, OnnxModels.weights(states).get(weight));
        feeds.keySet().retainAll(joint.inputs().stream().map(Value::label).toList());
        try (Executable executable = ORT.compile(joint)) {
            return executable.run(feeds).get("grad_" + weight).toDoubles();
        }
    }

    private static double cosine(double[] left, double[] right) {
        double product = 0;
        for (int i = 0; i < left.length; i++) {
            product += left[i] * right[i];
        }
        return product / (length(left) * length(right));
    }

    private static double length(double[] vector) {
        double squares = 0;
        for (double value : vector) {
            squares += value * value;
        }
        return Math.sqrt(squares);
    }
}
