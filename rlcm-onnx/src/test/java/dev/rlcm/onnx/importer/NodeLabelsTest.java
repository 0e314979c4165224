package dev.rlcm.onnx.importer;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NodeLabelsTest {
    private static final Value X = Value.input("x", DataType.FLOAT32, Shape.of(2, 3));

    private static NodeProto.Builder node(String type, String name) {
        return NodeProto.newBuilder().setOpType(type).setName(name);
    }

    private static String label(NodeProto node, List<Value> operands, String path) {
        return NodeLabels.of(node, List.copyOf(operands), path, ModuleScopes.NONE);
    }

    private static Value constant(String name) {
        return Value.constant(TensorData.zeros(DataType.FLOAT32, Shape.of(3, 3)), name);
    }

    @ParameterizedTest
    @CsvSource({
        "/attn1/to_q/MatMul, /attn1/to_q/MatMul",
        "/net/net.0/proj/Gemm, /net.0/proj/Gemm",
        "/net/net.0/net.0.1/Gemm, /net.0.1/Gemm",
        "/layers.1/layers.10/Gemm, /layers.1/layers.10/Gemm",
        "/fc/MatMul/MatmulTransposeFusion//MatMulScaleFusion/, /fc/MatMul",
        "fused /fc/Gemm, /fc/Gemm",
        "NhwcConv_0-/conv_in/Conv, /conv_in/Conv",
        "MatMul_12, MatMul_12"
    })
    void namesLoseWhatExportersAndOptimisersAdd(String name, String label) {
        assertThat(label(node("MatMul", name).build(), List.of(X), "")).isEqualTo(label);
    }

    @Test
    void metadataTellsTheModule() {
        NodeProto node = node("MatMul", "node_linear_3")
                .addMetadataProps(StringStringEntryProto.newBuilder()
                        .setKey("pkg.torch.onnx.name_scopes")
                        .setValue("['', 'unet', 'unet.mid', 'unet.mid.to_q', 'linear_3']"))
                .build();
        assertThat(label(node, List.of(X), "")).isEqualTo("/unet.mid.to_q/MatMul");
    }

    @Test
    void aConvolutionKeepsItsPathWhenABatchNormIsFusedIntoIt() {
        NodeProto node = node("Conv", "node_Conv_237")
                .addMetadataProps(StringStringEntryProto.newBuilder()
                        .setKey("pkg.torch.onnx.name_scopes")
                        .setValue("['', 'stem', 'stem.norm', '_native_batch_norm_legit_no_training']"))
                .build();
        assertThat(label(node, List.of(X, constant("stem.conv.weight")), "")).isEqualTo("/stem.conv/Conv");
    }

    @Test
    void weightsTellTheModuleAlsoThroughTransposes() {
        NodeProto transpose = node("Transpose", "node_t").build();
        String weight = label(transpose, List.of(constant("mid.to_q.weight")), "");
        assertThat(weight).isEqualTo("mid.to_q.weight");
        assertThat(label(node("MatMul", "node_MatMul_3").build(), List.of(X, constant(weight)), "call/"))
                .isEqualTo("/mid.to_q/MatMul");
        assertThat(label(node("Add", "node_Add_3").build(), List.of(X, constant(weight)), ""))
                .isEqualTo("node_Add_3");
    }

    @Test
    void nodesOfAFunctionStandBelowItsCall() {
        assertThat(label(node("MatMul", "n4").build(), List.of(X, X), "Linear_7/"))
                .isEqualTo("Linear_7/n4");
    }
}
