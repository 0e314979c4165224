package dev.rlcm.onnx.importer;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.NodeProto;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class ModuleScopesTest {
    private static NodeProto node(String name, String weight) {
        String type = name.substring(name.lastIndexOf('/') + 1);
        return NodeProto.newBuilder()
                .setOpType(type)
                .setName(name)
                .addInput("x")
                .addInput(weight)
                .addOutput(name + "_output_0")
                .build();
    }

    private static ModuleScopes scopes(NodeProto... nodes) {
        Set<String> weights = new TreeSet<>();
        List.of(nodes).forEach(n -> weights.addAll(n.getInputList()));
        weights.remove("x");
        return ModuleScopes.of(List.of(nodes), weights);
    }

    @Test
    void parametersTellTheModulesThatWereNotCalledThemselves() {
        ModuleScopes scopes = scopes(
                node("/encoder/layers.0/fc1/Add", "clip.vision_model.encoder.layers.0.fc1.bias"),
                node("/time/linear_1/Gemm", "time.emb.linear_1.weight"));
        assertThat(scopes.place("/encoder/layers.0/fc1/MatMul"))
                .isEqualTo("/clip.vision_model.encoder.layers.0.fc1/MatMul");
        assertThat(scopes.place("/encoder/layers.1/to_q/MatMul"))
                .isEqualTo("/clip.vision_model.encoder.layers.1.to_q/MatMul");
        assertThat(scopes.place("/time/linear_1/Gemm")).isEqualTo("/time.emb.linear_1/Gemm");
        assertThat(scopes.place("/time/Mul")).isEqualTo("/time/Mul");
        assertThat(scopes.place("/Mul")).isEqualTo("/Mul");
    }

    @Test
    void furtherCallsOfAModuleAreThatModule() {
        ModuleScopes scopes = scopes(
                node("/block/fc/Add", "block.fc.bias"),
                node("/block_1/fc/Add", "block.fc.bias"),
                node("/block/block.0/MatMul", "onnx::MatMul_1"),
                node("/block_1/block.0/MatMul", "onnx::MatMul_1"),
                node("/to_q/MatMul", "onnx::MatMul_2"),
                NodeProto.newBuilder()
                        .setOpType("Identity")
                        .addInput("onnx::MatMul_2")
                        .addOutput("onnx::MatMul_3")
                        .build(),
                node("/to_q_1/MatMul", "onnx::MatMul_3"));
        assertThat(scopes.place("/block_1/fc/MatMul")).isEqualTo("/block.fc/MatMul");
        assertThat(scopes.place(NodeLabels.cleaned("/block_1/block.0/MatMul"))).isEqualTo("/block.0/MatMul");
        assertThat(scopes.place("/to_q_1/MatMul")).isEqualTo("/to_q/MatMul");
    }

    @Test
    void equalParametersOfDifferentModulesTellNothing() {
        ModuleScopes scopes = scopes(
                node("/layers.0/fc/Add", "layers.0.fc.bias"),
                node("/layers.1/fc/Add", "layers.0.fc.bias"),
                node("/fc/Add", "layers.0.fc.bias"),
                node("/fc_1/Gemm", "fc_1.weight"),
                node("/fc_1/Add", "layers.0.fc.bias"));
        assertThat(List.of("/layers.0/fc/MatMul", "/layers.1/fc/MatMul", "/fc/MatMul", "/fc_1/MatMul"))
                .allSatisfy(label -> assertThat(scopes.place(label)).isEqualTo(label));
    }
}
