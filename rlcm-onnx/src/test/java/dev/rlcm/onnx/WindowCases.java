package dev.rlcm.onnx;

import java.util.List;

/** Convolutions and pools. */
final class WindowCases {
    private WindowCases() {}

    static void addTo(OperatorCases cases) {
        convolutions(cases);
        transposed(cases);
        pools(cases);
    }

    private static void convolutions(OperatorCases cases) {
        cases.of("Conv", node -> node.ints("pads", 1, 0, 2, 1)
                        .ints("strides", 2, 1)
                        .feed(2, 4, 6, 5)
                        .feed(6, 2, 3, 2)
                        .feed(6)
                        .with("group", 2))
                .of("Conv", node -> node.with("auto_pad", "SAME_UPPER")
                        .ints("strides", 2, 2)
                        .feed(1, 2, 5, 6)
                        .feed(3, 2, 3, 3))
                .of("Conv", node -> node.with("auto_pad", "SAME_LOWER")
                        .feed(1, 2, 5)
                        .feed(3, 2, 4))
                .of("Conv", node -> node.with("auto_pad", "VALID").feed(1, 2, 5).feed(3, 2, 4))
                .of("Conv", node -> node.feed(1, 2, 5).feed(3, 2, 4).absent())
                .of("Conv", node -> node.ints("dilations", 2).feed(1, 2, 9).feed(3, 2, 3));
    }

    private static void transposed(OperatorCases cases) {
        cases.of("ConvTranspose", node -> node.ints("strides", 2, 2)
                        .ints("output_padding", 1, 1)
                        .ints("pads", 1, 1, 1, 1)
                        .feed(1, 2, 3, 3)
                        .feed(2, 3, 3, 3)
                        .feed(3))
                .of("ConvTranspose", node -> node.ints("strides", 2)
                        .with("group", 2)
                        .feed(1, 4, 3)
                        .feed(4, 1, 4))
                .of(
                        "ConvTranspose",
                        node -> node.ints("dilations", 2).feed(1, 2, 3).feed(2, 3, 2));
        for (String auto : List.of("NOTSET", "SAME_UPPER", "SAME_LOWER")) {
            cases.of("ConvTranspose", node -> node.ints("strides", 2)
                    .with("auto_pad", auto)
                    .ints("output_shape", 7)
                    .feed(1, 2, 3)
                    .feed(2, 3, 4));
        }
        for (String auto : List.of("VALID", "SAME_UPPER", "SAME_LOWER")) {
            cases.of("ConvTranspose", node -> node.ints("strides", 2)
                    .with("auto_pad", auto)
                    .feed(1, 2, 3)
                    .feed(2, 3, 3));
        }
        cases.of("ConvTranspose", node -> node.ints("strides", 3, 2)
                .ints("output_shape", 10, 8)
                .feed(1, 1, 3, 3)
                .feed(1, 2, 3, 3));
    }

    private static void pools(OperatorCases cases) {
        for (String type : List.of("MaxPool", "AveragePool", "LpPool")) {
            cases.of(type, node -> node.ints("kernel_shape", 3, 2)
                            .ints("strides", 2, 2)
                            .ints("pads", 1, 0, 1, 1)
                            .feed(1, 2, 5, 6))
                    .of(type, node -> node.ints("kernel_shape", 3)
                            .with("auto_pad", "SAME_UPPER")
                            .ints("strides", 2)
                            .feed(1, 2, 6))
                    .of(
                            "Global" + type,
                            node -> type.equals("LpPool")
                                    ? node.feed(2, 3, 4, 2).withoutKernelFrom(22)
                                    : node.feed(2, 3, 4, 2));
        }
        for (String type : List.of("MaxPool", "AveragePool")) {
            cases.from(10, type, node -> node.ints("kernel_shape", 3)
                    .ints("strides", 2)
                    .with("ceil_mode", 1)
                    .feed(1, 2, 6));
        }
        cases.of("LpPool", node -> node.ints("kernel_shape", 2).with("p", 3).feed(1, 2, 6))
                .of("LpPool", node -> node.ints("kernel_shape", 2).with("p", 1).feed(1, 2, 6))
                .of("GlobalLpPool", node -> node.with("p", 3).feed(2, 3, 4).withoutKernelFrom(22))
                .from(18, "LpPool", node -> node.ints("kernel_shape", 2)
                        .ints("dilations", 2)
                        .feed(1, 2, 6))
                .from(10, "MaxPool", node -> node.ints("kernel_shape", 2, 3)
                        .ints("dilations", 2, 1)
                        .ints("strides", 1, 2)
                        .ints("pads", 1, 1, 0, 1)
                        .feed(1, 2, 5, 6))
                .of("AveragePool", node -> node.ints("kernel_shape", 2)
                        .ints("pads", 1, 0)
                        .with("count_include_pad", 1)
                        .feed(1, 2, 6))
                .from(19, "AveragePool", node -> node.ints("kernel_shape", 3)
                        .ints("strides", 2)
                        .ints("pads", 1, 1)
                        .with("ceil_mode", 1)
                        .with("count_include_pad", 1)
                        .feed(1, 2, 7));
        for (int includePad : List.of(0, 1)) {
            cases.from(19, "AveragePool", node -> node.ints("kernel_shape", 2, 3)
                    .ints("dilations", 2, 1)
                    .ints("strides", 1, 2)
                    .ints("pads", 1, 1, 0, 1)
                    .with("count_include_pad", includePad)
                    .feed(1, 2, 5, 6));
        }
    }
}
