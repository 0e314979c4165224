package dev.rlcm.onnx;

import java.util.List;

/** Reductions, searches and running sums. */
final class ReductionCases {
    private ReductionCases() {}

    static void addTo(OperatorCases cases) {
        for (String type : List.of("Mean", "Max", "Min", "Prod", "L1", "L2", "SumSquare", "LogSumExp")) {
            cases.until(17, "Reduce" + type, node -> node.ints("axes", -1, 0).feed(2, 3, 4))
                    .of("Reduce" + type, node -> node.with("keepdims", 0).feed(2, 3, 4))
                    .from(18, "Reduce" + type, node -> node.with("keepdims", 0)
                            .feed(2, 3, 4)
                            .longs(1));
        }
        for (String type : List.of("Max", "Min")) {
            cases.from(20, "Reduce" + type, node -> node.feed(ElementwiseCases.bits(2, 3))
                    .longs(1));
        }
        cases.until(12, "ReduceSum", node -> node.ints("axes", 1).feed(2, 3))
                .from(13, "ReduceSum", node -> node.feed(2, 3).longs(-1))
                .from(13, "ReduceSum", node -> node.with("noop_with_empty_axes", 1)
                        .feed(2, 3))
                .of("ReduceSum", node -> node.with("keepdims", 0).feed(2, 3))
                .until(17, "ReduceLogSum", node -> node.ints("axes", 1).positive(2, 3))
                .from(18, "ReduceLogSum", node -> node.positive(2, 3).longs(1))
                .of("ArgMax", node -> node.with("axis", 1).feed(3, 4))
                .from(12, "ArgMax", node -> node.with("select_last_index", 1).feed(ElementwiseCases.whole(3, 4)))
                .of("ArgMin", node -> node.with("axis", -1).with("keepdims", 0).feed(3, 4))
                .of("CumSum", node -> node.feed(2, 4).integer(0))
                .of("CumSum", node -> node.with("exclusive", 1)
                        .with("reverse", 1)
                        .feed(2, 4)
                        .integer(1));
    }
}
