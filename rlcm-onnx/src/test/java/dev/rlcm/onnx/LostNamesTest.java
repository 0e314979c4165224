package dev.rlcm.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Shape;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.lora.LoraInjection;
import dev.rlcm.lora.LoraSite;
import dev.rlcm.onnx.format.ModelFile;
import dev.rlcm.rewrite.patterns.RaisePatterns;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A UNet whose nodes a tool has numbered; the matrices of its linear layers were anonymous before. */
class LostNamesTest {
    private static final Path UNET =
            Path.of(System.getProperty("rlcm.root"), "fixtures/tiny-lcm/unet_opset17/model.onnx");
    private static final Map<String, Shape> SHAPES = Map.of(
            "sample", Shape.of(1, 4, 8, 8),
            "timestep", Shape.of(1),
            "encoder_hidden_states", Shape.of(1, 5, 32));

    @TempDir
    Path directory;

    private static List<LoraSite> sites(Path file, ReadOptions options) throws IOException {
        Graph graph = RaisePatterns.raise(OnnxModels.load(
                file, LoadOptions.defaults().withInputShapes(SHAPES).withReading(options)));
        return LoraInjection.sites(graph, LoraConfig.rank(2));
    }

    private Path renamed(UnaryOperator<String> weights) throws IOException {
        ModelProto.Builder model = ModelFile.read(UNET).toBuilder();
        GraphProto.Builder graph = model.getGraphBuilder();
        Map<String, String> names = new HashMap<>();
        Set<String> matrices = new HashSet<>();
        for (NodeProto.Builder node : graph.getNodeBuilderList()) {
            node.clearMetadataProps();
            if (node.getOpType().equals("MatMul")) {
                matrices.add(node.getInput(1));
            }
        }
        for (TensorProto.Builder tensor : graph.getInitializerBuilderList()) {
            String name = matrices.contains(tensor.getName()) ? "onnx::MatMul_" + names.size() : tensor.getName();
            names.put(tensor.getName(), weights.apply(name));
            tensor.setName(weights.apply(name));
        }
        for (int i = 0; i < graph.getNodeCount(); i++) {
            NodeProto.Builder node = graph.getNodeBuilder(i).setName("node_" + i);
            for (int j = 0; j < node.getInputCount(); j++) {
                node.setInput(j, names.getOrDefault(node.getInput(j), node.getInput(j)));
            }
        }
        return Files.write(directory.resolve("model.onnx"), model.build().toByteArray());
    }

    @Test
    void theAttentionLayersAreThoseOfTheFileWithNames() throws IOException {
        List<LoraSite> expected = sites(UNET, ReadOptions.defaults());
        assertThat(expected).hasSizeGreaterThan(16);
        assertThat(sites(renamed(name -> name), ReadOptions.defaults())).containsExactlyInAnyOrderElementsOf(expected);
    }

    @Test
    void whereTheWeightsLostTheirsTooPathsAreGivenByHand() throws IOException {
        Path file = renamed(name -> "w" + Integer.toHexString(name.hashCode()));
        assertThatThrownBy(() -> sites(file, ReadOptions.defaults()))
                .isInstanceOf(GraphException.class)
                .hasMessageContaining("no name tells the modules of")
                .hasMessageContaining("withPaths");
        String node = ModelFile.read(file).getGraph().getNodeList().stream()
                .filter(n -> n.getOpType().equals("MatMul") && n.getInput(1).startsWith("w"))
                .map(NodeProto::getName)
                .findFirst()
                .orElseThrow();
        assertThat(sites(file, ReadOptions.defaults().withPaths(Map.of(node, "mid.attn1.to_q"))))
                .extracting(LoraSite::path)
                .containsExactly("mid.attn1.to_q");
        assertThatThrownBy(() -> sites(file, ReadOptions.defaults().withPaths(Map.of("absent", "to_q"))))
                .isInstanceOf(GraphException.class)
                .hasMessageContaining("[absent]");
    }

    @Test
    void linksAreFollowedAnywhereIfTheHostTrustsThem() throws IOException {
        Path model = Files.createDirectory(directory.resolve("model"));
        Files.copy(UNET, model.resolve("model.onnx"));
        ExternalFiles.externalise(model);
        Path elsewhere = Files.move(model.resolve("model.onnx_data"), directory.resolve("data"));
        Files.createSymbolicLink(model.resolve("model.onnx_data"), elsewhere);
        Path file = model.resolve("model.onnx");
        assertThatThrownBy(() -> sites(file, ReadOptions.defaults())).hasMessageContaining("if you trust");
        assertThat(sites(file, ReadOptions.defaults().withLinksTrusted(true)))
                .isEqualTo(sites(UNET, ReadOptions.defaults()));
    }
}
