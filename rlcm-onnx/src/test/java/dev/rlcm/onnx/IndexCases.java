package dev.rlcm.onnx;

import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;

/** Operators that pick or place elements by index. */
final class IndexCases {
    private static final TensorData INDICES = TensorData.longs(Shape.of(2, 2), 0, 2, -1, 1);

    private IndexCases() {}

    static void addTo(OperatorCases cases) {
        cases.of("Gather", node -> node.with("axis", 1).feed(2, 3).feed(INDICES))
                .of("Gather", node -> node.feed(3, 2).constant(INDICES))
                .of("Gather", node -> node.feed(3, 2).integer(-1))
                .of("GatherElements", node -> node.with("axis", 1).feed(2, 3).feed(INDICES))
                .of("GatherND", node -> node.feed(3, 3, 2).feed(INDICES))
                .from(12, "GatherND", node -> node.with("batch_dims", 1)
                        .feed(2, 3, 3)
                        .feed(INDICES))
                .of(
                        "ScatterElements",
                        node -> node.with("axis", 1).feed(2, 3).feed(INDICES).feed(2, 2))
                .of(
                        "Scatter",
                        node -> node.with("axis", 1).feed(2, 3).feed(INDICES).feed(2, 2))
                .from(16, "ScatterElements", node -> node.with("reduction", "add")
                        .feed(3, 2)
                        .feed(INDICES)
                        .feed(2, 2))
                .of("ScatterND", node -> node.feed(3, 3, 2).feed(INDICES).feed(2, 2))
                .from(16, "ScatterND", node -> node.with("reduction", "add")
                        .feed(3, 3, 2)
                        .feed(TensorData.longs(Shape.of(2, 2), 0, 2, 0, 2))
                        .feed(2, 2))
                .from(14, "Trilu", node -> node.with("upper", 0).feed(3, 4).integer(-1))
                .from(14, "Trilu", node -> node.feed(2, 3, 3))
                .of(
                        "OneHot",
                        node -> node.with("axis", 1).feed(INDICES).longs(4).floats(-1, 2))
                .of("OneHot", node -> node.feed(INDICES).longs(3).feed(2))
                .until(9, "TopK", node -> node.outputs(2).with("k", 2).feed(3, 4))
                .from(10, "TopK", node -> node.outputs(2).feed(3, 4).longs(1))
                .from(10, "TopK", node -> node.outputs(2).feed(3, 4).longs(3))
                .from(11, "TopK", node -> node.with("axis", 0)
                        .with("largest", 0)
                        .outputs(2)
                        .feed(3, 4)
                        .longs(2))
                .from(11, "TopK", node -> node.outputs(2)
                        .feed(TensorData.longs(Shape.of(6), 3, 1, 3, 2, 3, 1))
                        .longs(4));
    }
}
