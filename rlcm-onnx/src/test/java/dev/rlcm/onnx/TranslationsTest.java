package dev.rlcm.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each translated operator, run by the reference backend and re-exported, computes what ONNX Runtime computes for it. */
class TranslationsTest {
    @TempDir
    private Path directory;

    @ParameterizedTest
    @MethodSource({
        "elementwise",
        "shapes",
        "indexing",
        "reductions",
        "matrices",
        "windows",
        "norms",
        "resizes",
        "contribs"
    })
    void importMeansWhatOnnxRuntimeComputes(NodeCase node) throws Exception {
        Path file = directory.resolve("node.onnx");
        Files.write(file, node.model().toByteArray());
        Graph graph = OnnxModels.load(file, Map.of());
        try (PlainSession original = new PlainSession(file);
                OrtBackend ort = OrtBackend.cpu(1);
                Backend reference = new ReferenceBackend()) {
            Map<String, TensorData> expected = original.run(node.feeds());
            Map<String, TensorData> exported = ort.compile(graph).run(node.feeds());
            Map<String, TensorData> evaluated = reference.compile(graph).run(node.feeds());
            expected.forEach((name, data) -> {
                assertThat(exported.get(name).shape()).isEqualTo(data.shape());
                assertThat(Tensors.relativeError(exported.get(name), data))
                        .as("exported " + name)
                        .isLessThan(2e-5);
                assertThat(Tensors.relativeError(evaluated.get(name), data))
                        .as("evaluated " + name)
                        .isLessThan(2e-5);
            });
        }
    }

    private static NodeCase node(String type) {
        return NodeCase.of(type, 17);
    }

    static Stream<NodeCase> elementwise() {
        List<NodeCase> cases = new ArrayList<>();
        for (String type : List.of(
                "Abs",
                "Ceil",
                "Cos",
                "Erf",
                "Exp",
                "Floor",
                "Identity",
                "Neg",
                "Reciprocal",
                "Relu",
                "Round",
                "Sigmoid",
                "Sign",
                "Sin",
                "Sinh",
                "Cosh",
                "Tan",
                "Tanh",
                "Softplus",
                "Softsign",
                "Selu",
                "Celu",
                "Elu",
                "LeakyRelu",
                "ThresholdedRelu",
                "HardSigmoid",
                "HardSwish",
                "IsNaN")) {
            cases.add(node(type).feed(3, 5));
        }
        for (String type : List.of("Add", "Sub", "Mul", "Div", "Max", "Min", "Less", "GreaterOrEqual", "PRelu")) {
            cases.add(node(type).feed(2, 3, 4).feed(3, 1));
        }
        cases.add(NodeCase.of("Mish", 18).feed(7));
        cases.add(node("Log").positive(6));
        cases.add(node("Sqrt").positive(6));
        cases.add(node("Pow").positive(2, 3).feed(3));
        cases.add(node("Pow").feed(4).longs(2));
        cases.add(node("Mod").with("fmod", 1).feed(5, 2).feed(2));
        cases.add(node("Mod").feed(TensorData.longs(Shape.of(4), -7, 7, 5, -5)).longs(3, -3, 3, -3));
        cases.add(node("Sum").feed(2, 2).feed(2).feed(1, 2));
        cases.add(node("Mean").feed(2, 2).feed(2).feed(1, 2));
        cases.add(node("Clip").feed(9).constant(TensorData.scalar(DataType.FLOAT32, -0.5)));
        cases.add(node("Clip").feed(9).absent().constant(TensorData.scalar(DataType.FLOAT32, 0.25)));
        cases.add(NodeCase.of("Clip", 6).real("min", -0.3).real("max", 0.3).feed(9));
        cases.add(node("Cast").with("to", 7).feed(8));
        return cases.stream();
    }

    static Stream<NodeCase> shapes() {
        return Stream.of(
                node("Reshape").feed(2, 3, 4).longs(0, -1, 2),
                node("Flatten").with("axis", 2).feed(2, 3, 4),
                node("Flatten").with("axis", -1).feed(2, 3, 4),
                NodeCase.of("Squeeze", 11).ints("axes", 1).feed(2, 1, 4),
                node("Squeeze").feed(1, 2, 1),
                NodeCase.of("Unsqueeze", 11).ints("axes", 0, 3).feed(2, 3),
                node("Unsqueeze").feed(2, 3).longs(-1, 0),
                node("Transpose").feed(2, 3, 4),
                node("Expand").feed(3, 1).longs(2, 1, 4),
                NodeCase.of("Slice", 9)
                        .ints("starts", 1, -2)
                        .ints("ends", 3, 100)
                        .feed(4, 5),
                node("Slice")
                        .feed(5, 6)
                        .longs(-1, 1)
                        .longs(Long.MIN_VALUE, 5)
                        .longs(0, 1)
                        .longs(-2, 2),
                node("Slice").feed(5, 6).longs(4).longs(1).longs(1),
                node("Concat").with("axis", -1).feed(2, 3).feed(2, 1),
                node("Split").with("axis", 1).outputs(3).feed(2, 6),
                NodeCase.of("Split", 11).ints("split", 1, 2).outputs(2).feed(3, 2),
                NodeCase.of("Split", 18).with("num_outputs", 3).outputs(3).feed(7),
                node("DepthToSpace").with("blocksize", 2).feed(1, 8, 2, 3),
                node("DepthToSpace").with("blocksize", 2).with("mode", "CRD").feed(1, 8, 2, 3),
                node("SpaceToDepth").with("blocksize", 2).feed(1, 3, 4, 6),
                node("Tile").feed(2, 3).longs(2, 1),
                node("Pad").feed(2, 3).longs(1, 0, 0, 2).constant(TensorData.scalar(DataType.FLOAT32, 1.5)),
                node("Pad").with("mode", "reflect").feed(3, 4).longs(2, 1, 1, 2),
                node("Pad").with("mode", "edge").feed(3, 4).longs(0, 1, 1, 0),
                node("Pad").feed(4, 4).longs(-1, 1, 0, -2),
                NodeCase.of("Pad", 18).feed(2, 3).longs(1, 2).absent().longs(-1),
                node("ConstantOfShape").longs(2, 3),
                node("Shape").feed(2, 3, 4),
                node("Shape").with("start", -2).with("end", 3).feed(2, 3, 4),
                node("Size").feed(2, 3, 4),
                node("EyeLike").with("k", 1).feed(3, 4));
    }

    static Stream<NodeCase> indexing() {
        TensorData indices = TensorData.longs(Shape.of(2, 2), 0, 2, -1, 1);
        return Stream.of(
                node("Gather").with("axis", 1).feed(2, 3).feed(indices),
                node("GatherElements").with("axis", 1).feed(2, 3).feed(indices),
                node("GatherND").feed(3, 3, 2).feed(indices),
                node("GatherND").with("batch_dims", 1).feed(2, 3, 3).feed(indices),
                node("ScatterElements").with("axis", 1).feed(2, 3).feed(indices).feed(2, 2),
                node("ScatterElements")
                        .with("reduction", "add")
                        .feed(3, 2)
                        .feed(indices)
                        .feed(2, 2),
                node("ScatterND").feed(3, 3, 2).feed(indices).feed(2, 2),
                node("Trilu").with("upper", 0).feed(3, 4).constant(TensorData.longs(Shape.SCALAR, -1)),
                node("Trilu").feed(2, 3, 3),
                node("OneHot").with("axis", 1).feed(indices).longs(4).floats(-1, 2),
                node("NonZero").constant(TensorData.floats(Shape.of(2, 3), 0, 1, 2, 0, 0, 3)),
                node("ArgMax").with("axis", 1).feed(3, 4),
                node("ArgMin").with("axis", -1).with("keepdims", 0).feed(3, 4),
                node("CumSum")
                        .with("exclusive", 1)
                        .with("reverse", 1)
                        .feed(2, 4)
                        .longs(1),
                node("TopK").outputs(2).feed(3, 4).longs(1),
                node("Where")
                        .feed(TensorData.generate(DataType.BOOL, Shape.of(3), i -> i % 2))
                        .feed(2, 3)
                        .feed(1));
    }

    static Stream<NodeCase> reductions() {
        List<NodeCase> cases = new ArrayList<>();
        for (String type : List.of("Mean", "Max", "Min", "Prod", "L1", "L2", "SumSquare", "LogSumExp")) {
            cases.add(node("Reduce" + type).ints("axes", -1, 0).feed(2, 3, 4));
            cases.add(NodeCase.of("Reduce" + type, 18)
                    .with("keepdims", 0)
                    .feed(2, 3, 4)
                    .longs(1));
        }
        cases.add(node("ReduceSum").feed(2, 3).longs(-1));
        cases.add(node("ReduceSum").with("noop_with_empty_axes", 1).feed(2, 3));
        cases.add(NodeCase.of("ReduceSum", 11).with("keepdims", 0).feed(2, 3));
        cases.add(node("ReduceLogSum").ints("axes", 1).positive(2, 3));
        return cases.stream();
    }

    static Stream<NodeCase> matrices() {
        return Stream.of(
                node("MatMul").feed(2, 1, 3, 4).feed(5, 4, 2),
                node("MatMul").feed(4).feed(2, 4, 3),
                node("MatMul").feed(2, 3, 4).feed(4),
                node("MatMul").feed(4).feed(4),
                node("Gemm")
                        .real("alpha", 0.5)
                        .real("beta", 2)
                        .with("transA", 1)
                        .with("transB", 1)
                        .feed(4, 3)
                        .feed(2, 4)
                        .feed(2),
                node("Gemm").feed(2, 3).feed(3, 4),
                node("Einsum")
                        .with("equation", "bhid,bhjd->bhij")
                        .feed(2, 3, 4, 5)
                        .feed(2, 3, 6, 5),
                node("Einsum").with("equation", "ij,jk").feed(2, 3).feed(3, 4),
                node("Einsum").with("equation", "b...d,de->b...e").feed(2, 3, 4).feed(4, 5),
                node("Einsum").with("equation", "ij->ji").feed(2, 3),
                node("Einsum").with("equation", "ijk->k").feed(2, 3, 4),
                node("Einsum").with("equation", "i,j->ij").feed(2).feed(3),
                node("Einsum")
                        .with("equation", "ab,bc,cd->ad")
                        .feed(2, 3)
                        .feed(3, 4)
                        .feed(4, 2));
    }

    static Stream<NodeCase> windows() {
        return Stream.of(
                node("Conv")
                        .ints("pads", 1, 0, 2, 1)
                        .ints("strides", 2, 1)
                        .feed(2, 4, 6, 5)
                        .feed(6, 2, 3, 2)
                        .feed(6)
                        .with("group", 2),
                node("Conv")
                        .with("auto_pad", "SAME_UPPER")
                        .ints("strides", 2, 2)
                        .feed(1, 2, 5, 6)
                        .feed(3, 2, 3, 3),
                node("Conv").with("auto_pad", "SAME_LOWER").feed(1, 2, 5).feed(3, 2, 4),
                node("Conv").ints("dilations", 2).feed(1, 2, 9).feed(3, 2, 3),
                node("ConvTranspose")
                        .ints("strides", 2, 2)
                        .ints("output_padding", 1, 1)
                        .ints("pads", 1, 1, 1, 1)
                        .feed(1, 2, 3, 3)
                        .feed(2, 3, 3, 3)
                        .feed(3),
                node("ConvTranspose")
                        .ints("strides", 2)
                        .ints("output_shape", 7)
                        .feed(1, 2, 3)
                        .feed(2, 3, 4),
                node("ConvTranspose")
                        .ints("strides", 2)
                        .with("auto_pad", "SAME_UPPER")
                        .feed(1, 2, 3)
                        .feed(2, 3, 3),
                node("MaxPool")
                        .ints("kernel_shape", 3, 2)
                        .ints("strides", 2, 2)
                        .ints("pads", 1, 0, 1, 1)
                        .feed(1, 2, 5, 6),
                node("MaxPool")
                        .ints("kernel_shape", 3)
                        .ints("strides", 2)
                        .with("ceil_mode", 1)
                        .feed(1, 2, 6),
                node("AveragePool")
                        .ints("kernel_shape", 3)
                        .ints("strides", 2)
                        .ints("pads", 1, 1)
                        .feed(1, 2, 6),
                node("AveragePool")
                        .ints("kernel_shape", 2)
                        .ints("pads", 1, 0)
                        .with("count_include_pad", 1)
                        .feed(1, 2, 6),
                node("AveragePool")
                        .ints("kernel_shape", 3)
                        .ints("strides", 2)
                        .with("ceil_mode", 1)
                        .feed(1, 2, 6),
                node("GlobalAveragePool").feed(2, 3, 4, 5),
                node("GlobalMaxPool").feed(2, 3, 4, 5));
    }

    static Stream<NodeCase> norms() {
        return Stream.of(
                node("Softmax").with("axis", 1).feed(2, 3, 4),
                NodeCase.of("Softmax", 11).feed(2, 3, 4),
                NodeCase.of("LogSoftmax", 11).with("axis", 1).feed(2, 3, 4),
                node("LogSoftmax").feed(2, 3, 4),
                node("BatchNormalization").feed(2, 3, 4).feed(3).feed(3).feed(3).positive(3),
                node("InstanceNormalization")
                        .real("epsilon", 1e-3)
                        .feed(2, 3, 4, 5)
                        .feed(3)
                        .feed(3),
                node("LayerNormalization").feed(2, 3, 4).feed(4).feed(4),
                node("LayerNormalization")
                        .with("axis", 1)
                        .outputs(3)
                        .feed(2, 3, 4)
                        .feed(3, 4),
                NodeCase.of("GroupNormalization", 21)
                        .with("num_groups", 2)
                        .feed(2, 4, 3, 3)
                        .feed(4)
                        .feed(4),
                NodeCase.of("GroupNormalization", 18)
                        .with("num_groups", 2)
                        .feed(2, 4, 3, 3)
                        .feed(2)
                        .feed(2),
                node("LpNormalization").with("axis", 1).feed(2, 5));
    }

    static Stream<NodeCase> resizes() {
        List<NodeCase> cases = new ArrayList<>();
        for (String mode : List.of("nearest", "linear", "cubic")) {
            for (String coordinates : List.of("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel")) {
                for (double[] scales : List.of(new double[] {1, 1, 2, 2}, new double[] {1, 1, 1.5, 0.6})) {
                    cases.add(node("Resize")
                            .with("mode", mode)
                            .with("coordinate_transformation_mode", coordinates)
                            .feed(1, 2, 5, 6)
                            .absent()
                            .floats(scales));
                }
            }
            cases.add(node("Resize")
                    .with("mode", mode)
                    .feed(1, 2, 5, 6)
                    .absent()
                    .absent()
                    .longs(1, 2, 7, 3));
        }
        for (String rounding : List.of("round_prefer_ceil", "floor", "ceil")) {
            cases.add(node("Resize")
                    .with("nearest_mode", rounding)
                    .feed(1, 1, 4, 5)
                    .absent()
                    .floats(1, 1, 1.5, 2));
        }
        cases.add(node("Resize")
                .with("mode", "cubic")
                .with("exclude_outside", 1)
                .feed(1, 1, 4, 5)
                .absent()
                .floats(1, 1, 1.5, 2));
        cases.add(NodeCase.of("Resize", 10).feed(1, 1, 4, 6).floats(1, 1, 2, 0.5));
        cases.add(NodeCase.of("Resize", 18)
                .with("mode", "linear")
                .ints("axes", 2, 3)
                .feed(1, 1, 4, 6)
                .absent()
                .floats(2, 1.5));
        cases.add(NodeCase.of("Upsample", 9).feed(1, 1, 4, 6).floats(1, 1, 2, 3));
        cases.add(NodeCase.of("Upsample", 9)
                .with("mode", "linear")
                .feed(1, 1, 4, 6)
                .floats(1, 1, 2, 3));
        return cases.stream();
    }

    static Stream<NodeCase> contribs() {
        return Stream.of(
                node("Gelu").microsoft().feed(9),
                node("FastGelu").microsoft().feed(2, 4).feed(4),
                node("BiasGelu").microsoft().feed(2, 4).feed(4),
                node("QuickGelu").microsoft().real("alpha", 1.3).feed(9),
                node("FusedMatMul")
                        .microsoft()
                        .with("transA", 1)
                        .real("alpha", 0.5)
                        .feed(2, 4, 3)
                        .feed(2, 4, 5),
                node("SkipLayerNormalization")
                        .microsoft()
                        .feed(2, 3, 4)
                        .feed(2, 3, 4)
                        .feed(4)
                        .feed(4)
                        .feed(4),
                NodeCase.of("Gelu", 20).feed(9),
                NodeCase.of("Gelu", 20).with("approximate", "tanh").feed(9));
    }
}
