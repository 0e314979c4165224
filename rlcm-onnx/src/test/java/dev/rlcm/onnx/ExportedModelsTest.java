package dev.rlcm.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.Executable;
import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.io.Npz;
import dev.rlcm.precision.SinglePrecision;
import dev.rlcm.rewrite.patterns.RaisePatterns;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whole networks as the exporters, converters and optimisers of the field write them: they compute what PyTorch computed
 * in float64, so do their gradients, all composites are raised, and layers are named by their modules. The files are
 * described in {@code fixtures/exports/README.md}.
 */
class ExportedModelsTest {
    private static final Path FOLDER = Path.of(System.getProperty("rlcm.root"), "fixtures", "exports");

    static List<String> files() throws IOException {
        try (Stream<Path> paths = Files.walk(FOLDER)) {
            return paths.map(path -> FOLDER.relativize(path).toString().replace('\\', '/'))
                    .filter(name -> name.endsWith(".onnx"))
                    .sorted()
                    .toList();
        }
    }

    @ParameterizedTest
    @MethodSource("files")
    void outputsAndGradientsAreThoseOfPyTorch(String file) throws Exception {
        try (OrtBackend backend = OrtBackend.cpu(1)) {
            assertClose(run(backend, joint(raised(file)), values(file)), values(file), tolerance(file));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "unet-xl/torchscript17-static-heads-unet.onnx",
                "dit/dynamo22-static.onnx",
                "bert/torchscript14.onnx",
                "clip-vision/torchscript17-extended.onnx",
                "vae-decoder/dynamo18-raw.onnx"
            })
    void theReferenceAgrees(String file) throws Exception {
        try (ReferenceBackend backend = new ReferenceBackend()) {
            assertClose(run(backend, joint(raised(file)), values(file)), values(file), 1e-4);
        }
    }

    /** Layer norms, group norms, GELUs, attentions, SiLUs. */
    @ParameterizedTest
    @CsvSource({
        "bert/dynamo18.onnx, 5, 0, 2, 2, 0",
        "bert/torchscript12-plain-bert.onnx, 5, 0, 2, 2, 0",
        "bert/torchscript12-plain.onnx, 5, 0, 2, 2, 0",
        "bert/torchscript14.onnx, 5, 0, 2, 2, 0",
        "clip-text/dynamo18.onnx, 5, 0, 0, 2, 2",
        "clip-text/torchscript14.onnx, 5, 0, 0, 2, 2",
        "clip-vision/torchscript17-extended.onnx, 6, 0, 2, 2, 0",
        "clip-vision/torchscript17-inputs.onnx, 6, 0, 2, 2, 0",
        "dit/dynamo22-static.onnx, 5, 0, 3, 4, 2",
        "dit/torchscript17-extended.onnx, 5, 0, 3, 4, 2",
        "dit/torchscript17.onnx, 5, 0, 3, 4, 2",
        "head/dynamo18-bfloat16.onnx, 1, 0, 1, 0, 1",
        "head/dynamo18.onnx, 1, 0, 1, 0, 1",
        "head/torchscript11-extended.onnx, 1, 0, 1, 0, 1",
        "head/torchscript11.onnx, 1, 0, 1, 0, 1",
        "head/torchscript17-functions.onnx, 1, 0, 1, 0, 1",
        "unet-adm/dynamo18.onnx, 0, 16, 0, 1, 17",
        "unet-adm/torchscript13.onnx, 0, 16, 0, 1, 17",
        "unet-sd/dynamo18.onnx, 6, 13, 2, 4, 13",
        "unet-sd/torchscript11-heads.onnx, 6, 13, 2, 4, 13",
        "unet-xl/dynamo20-static.onnx, 6, 12, 2, 4, 14",
        "unet-xl/torchscript17-static-heads-unet.onnx, 6, 12, 2, 4, 14",
        "vae-decoder/dynamo18-raw.onnx, 0, 8, 0, 1, 7",
        "vae-decoder/torchscript14-float16.onnx, 0, 8, 0, 1, 7",
        "vae-decoder/torchscript14-vae.onnx, 0, 8, 0, 1, 7",
        "vae-decoder/torchscript14.onnx, 0, 8, 0, 1, 7",
        "vae-encoder/dynamo18.onnx, 0, 8, 0, 1, 7",
        "vae-encoder/torchscript11.onnx, 0, 8, 0, 1, 7"
    })
    void everyCompositeIsRaised(String file, int layerNorm, int groupNorm, int gelu, int attention, int swish)
            throws Exception {
        List<Value> nodes = raised(file).topologicalOrder();
        assertThat(Stream.of(Op.LAYER_NORM, Op.GROUP_NORM, Op.GELU, Op.ATTENTION, Op.SWISH)
                        .map(op -> (int) nodes.stream().filter(v -> v.is(op)).count()))
                .containsExactly(layerNorm, groupNorm, gelu, attention, swish);
        assertThat(nodes)
                .noneMatch(v -> v.is(Op.SOFTMAX) || v.is(Op.ERF) || v.is(Op.SIGMOID) || v.is(Op.INSTANCE_NORM));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "unet-sd",
                "unet-xl",
                "unet-adm",
                "dit",
                "vae-encoder",
                "vae-decoder",
                "clip-text",
                "clip-vision",
                "bert",
                "nested",
                "head"
            })
    void allExportersNameTheSameLayers(String family) throws Exception {
        Set<Set<String>> named = new HashSet<>();
        for (String file : files()) {
            if (file.startsWith(family + "/")) {
                named.add(layers(load(file)));
            }
        }
        assertThat(named).hasSize(1);
    }

    /** Module paths of linear layers and convolutions. */
    private static Set<String> layers(Graph graph) {
        return graph.topologicalOrder().stream()
                .filter(v -> (v.is(Op.MATMUL) || v.is(Op.CONV)) && v.in(1).is(Op.CONSTANT))
                .map(Value::label)
                .map(label -> label.substring(label.startsWith("/") ? 1 : 0, Math.max(1, label.lastIndexOf('/')))
                        .replace('/', '.'))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Graph load(String file) throws IOException {
        Map<String, Shape> shapes = new HashMap<>();
        values(file).forEach((name, data) -> {
            if (name.startsWith("in_")) {
                shapes.put(name.substring(3), data.shape());
            }
        });
        return OnnxModels.load(FOLDER.resolve(file), LoadOptions.defaults().withInputShapes(shapes));
    }

    private static Graph raised(String file) throws IOException {
        return SinglePrecision.of(RaisePatterns.raise(load(file)));
    }

    /** Differentiated with respect to all real inputs; text encoders have none. */
    private static Graph joint(Graph graph) {
        List<String> real = graph.inputs().stream()
                .filter(input -> input.type().isFloating())
                .map(Value::label)
                .toList();
        return real.isEmpty() ? graph : OnnxModels.differentiate(graph, real);
    }

    private static Map<String, TensorData> values(String file) throws IOException {
        return Npz.read(FOLDER.resolve(file).resolveSibling("values.npz"));
    }

    private static Map<String, TensorData> run(Backend backend, Graph graph, Map<String, TensorData> values) {
        Map<String, TensorData> inputs = new HashMap<>();
        for (Value input : graph.inputs()) {
            String name = input.label();
            TensorData data = values.get(name.startsWith("upstream_") ? name : "in_" + name);
            inputs.put(name, TensorData.generate(input.type(), input.shape(), data::getDouble));
        }
        try (Executable executable = backend.compile(graph)) {
            return executable.run(inputs);
        }
    }

    /** Converted weights were rounded to 11 bits, or to 8. */
    private static double tolerance(String file) {
        return file.contains("bfloat16") ? 5e-2 : file.contains("float16") ? 5e-3 : 1e-4;
    }

    private static void assertClose(
            Map<String, TensorData> actual, Map<String, TensorData> expected, double tolerance) {
        actual.forEach((name, data) -> {
            TensorData wanted = expected.get(name.startsWith("grad_") ? name : "out_" + name);
            assertThat(Tensors.relativeError(data, wanted)).as(name).isLessThan(tolerance);
        });
    }
}
