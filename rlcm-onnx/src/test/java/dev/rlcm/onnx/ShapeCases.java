package dev.rlcm.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.onnx.exporter.WeightStore;

/** Operators that move elements, and those whose results follow from shapes. */
final class ShapeCases {
    private ShapeCases() {}

    static void addTo(OperatorCases cases) {
        reshapes(cases);
        slices(cases);
        tilings(cases);
        constants(cases);
    }

    private static void reshapes(OperatorCases cases) {
        cases.of("Reshape", node -> node.feed(2, 3, 4).longs(0, -1, 2))
                .from(14, "Reshape", node -> node.with("allowzero", 1)
                        .feed(2, 3, 4)
                        .longs(4, 6))
                .of("Flatten", node -> node.with("axis", 2).feed(2, 3, 4))
                .from(11, "Flatten", node -> node.with("axis", -1).feed(2, 3, 4))
                .of("Flatten", node -> node.with("axis", 0).feed(2, 3))
                .until(12, "Squeeze", node -> node.ints("axes", 1).feed(2, 1, 4))
                .from(13, "Squeeze", node -> node.feed(2, 1, 4).longs(-2))
                .of("Squeeze", node -> node.feed(1, 2, 1))
                .until(12, "Unsqueeze", node -> node.ints("axes", 0, 3).feed(2, 3))
                .from(13, "Unsqueeze", node -> node.feed(2, 3).longs(-1, 0))
                .of("Transpose", node -> node.feed(2, 3, 4))
                .of("Transpose", node -> node.ints("perm", 1, 2, 0).feed(2, 3, 4))
                .of("Expand", node -> node.feed(3, 1).longs(2, 1, 4))
                .of("DepthToSpace", node -> node.with("blocksize", 2).feed(1, 8, 2, 3))
                .from(11, "DepthToSpace", node -> node.with("blocksize", 2)
                        .with("mode", "CRD")
                        .feed(1, 8, 2, 3))
                .of("SpaceToDepth", node -> node.with("blocksize", 2).feed(1, 3, 4, 6));
    }

    private static void slices(OperatorCases cases) {
        cases.from(10, "Slice", node -> node.feed(5, 6)
                        .longs(-1, 1)
                        .longs(Long.MIN_VALUE, 5)
                        .longs(0, 1)
                        .longs(-2, 2))
                .from(10, "Slice", node -> node.feed(5, 6).longs(4).longs(1).longs(1))
                .from(10, "Slice", node -> node.feed(5, 6).longs(1, -4).longs(3, Long.MAX_VALUE))
                .of("Concat", node -> node.with("axis", -1).feed(2, 3).feed(2, 1))
                .of("Concat", node -> node.with("axis", 0).feed(2))
                .of("Concat", node -> node.with("axis", 1)
                        .feed(2, 3)
                        .feed(TensorData.generate(DataType.FLOAT64, Shape.of(2, 2), i -> 0.3 * i))
                        .withoutKernel())
                .until(17, "Split", node -> node.with("axis", 1).outputs(3).feed(2, 6))
                .until(12, "Split", node -> node.ints("split", 1, 2).outputs(2).feed(3, 2))
                .from(
                        13,
                        "Split",
                        node -> node.with("axis", -1).outputs(2).feed(2, 5).longs(4, 1))
                .from(18, "Split", node -> node.with("num_outputs", 3)
                        .outputs(3)
                        .feed(7))
                .from(18, "CenterCropPad", node -> node.feed(4, 3, 5).longs(3, 6, 5))
                .from(18, "CenterCropPad", node -> node.ints("axes", -1, 0)
                        .feed(4, 3, 5)
                        .longs(2, 7));
    }

    private static void tilings(OperatorCases cases) {
        cases.of("Tile", node -> node.feed(2, 3).longs(2, 1))
                .from(11, "Pad", node -> node.feed(2, 3).longs(1, 0, 0, 2).scalar(1.5))
                .from(11, "Pad", node -> node.with("mode", "reflect").feed(3, 4).longs(2, 1, 1, 2))
                .from(11, "Pad", node -> node.with("mode", "edge").feed(3, 4).longs(0, 1, 1, 0))
                .from(11, "Pad", node -> node.feed(4, 4).longs(-1, 1, 0, -2))
                .until(10, "Pad", node -> node.ints("pads", 1, 0, 0, 2)
                        .real("value", 1.5)
                        .feed(2, 3))
                .until(10, "Pad", node -> node.with("mode", "reflect")
                        .ints("pads", 2, 1, 1, 2)
                        .feed(3, 4))
                .until(10, "Pad", node -> node.ints("pads", -1, 1, 0, -2).feed(4, 4))
                .until(9, "Slice", node -> node.ints("starts", 1, -4)
                        .ints("ends", 3, Integer.MAX_VALUE)
                        .feed(5, 6))
                .until(9, "Slice", node -> node.ints("axes", 1)
                        .ints("starts", -3)
                        .ints("ends", -1)
                        .feed(5, 6))
                .from(18, "Pad", node -> node.feed(2, 3).longs(1, 2).absent().longs(-1))
                .from(19, "Pad", node -> node.with("mode", "wrap").feed(3, 4).longs(2, 0, 1, 3));
    }

    private static AttributeProto tensor(String name, TensorData data) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.TENSOR)
                .setT(WeightStore.inlined("", data))
                .build();
    }

    private static void constants(OperatorCases cases) {
        cases.of("ConstantOfShape", node -> node.longs(2, 3))
                .of("Constant", node -> node.with(tensor("value", TensorData.floats(Shape.of(2), 1, -2))))
                .from(12, "Constant", node -> node.ints("value_ints", 3, 4))
                .from(12, "Constant", node -> node.real("value_float", 0.5))
                .of("Shape", node -> node.feed(2, 3, 4))
                .from(15, "Shape", node -> node.with("start", -2).with("end", 3).feed(2, 3, 4))
                .of("Size", node -> node.feed(2, 3, 4))
                .of("EyeLike", node -> node.with("k", 1).feed(3, 4).kinked())
                .of("Range", node -> node.integer(3).integer(10).integer(3))
                .of("Range", node -> node.scalar(1).scalar(-1).scalar(-0.5))
                .of("NonZero", node -> node.constant(TensorData.floats(Shape.of(2, 3), 0, 1, 2, 0, 0, 3)))
                .until(11, "Dropout", node -> node.real("ratio", 0.3).feed(5))
                .from(12, "Dropout", node -> node.outputs(2).feed(5).scalar(0.3))
                .from(12, "Dropout", node -> node.feed(5).scalar(0).constant(TensorData.scalar(DataType.BOOL, 1)))
                .of("Compress", node -> node.with("axis", 1)
                        .feed(2, 3)
                        .constant(TensorData.generate(DataType.BOOL, Shape.of(3), i -> i % 2 == 0 ? 1 : 0)));
    }
}
