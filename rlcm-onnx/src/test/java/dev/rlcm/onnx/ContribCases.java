package dev.rlcm.onnx;

/** ONNX Runtime's own operators. */
final class ContribCases {
    private ContribCases() {}

    static void addTo(OperatorCases cases) {
        cases.contrib("Gelu", node -> node.feed(9))
                .contrib("FastGelu", node -> node.feed(2, 4).feed(4))
                .contrib("FastGelu", node -> node.feed(2, 4))
                .contrib("BiasGelu", node -> node.feed(2, 4).feed(4))
                .contrib("QuickGelu", node -> node.real("alpha", 1.3).feed(9))
                .contrib("FusedMatMul", node -> node.with("transA", 1)
                        .real("alpha", 0.5)
                        .feed(2, 4, 3)
                        .feed(2, 4, 5))
                .contrib(
                        "LayerNormalization",
                        node -> node.feed(2, 3, 4).feed(4).feed(4).withoutKernel())
                .contrib(
                        "SkipLayerNormalization",
                        node -> node.feed(2, 3, 4).feed(2, 3, 4).feed(4).feed(4).feed(4));
    }
}
