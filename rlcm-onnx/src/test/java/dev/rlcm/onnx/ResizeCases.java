package dev.rlcm.onnx;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.util.List;

/** Resize and GridSample in all modes. */
final class ResizeCases {
    private ResizeCases() {}

    static void addTo(OperatorCases cases) {
        older(cases);
        resizes(cases);
        grids(cases);
    }

    private static void grids(OperatorCases cases) {
        for (String padding : List.of("zeros", "border", "reflection")) {
            for (int aligned : List.of(0, 1)) {
                cases.between(16, 19, "GridSample", node -> grid(node, "bilinear", padding, aligned))
                        .between(16, 19, "GridSample", node -> grid(node, "nearest", padding, aligned)
                                .kinked())
                        .from(20, "GridSample", node -> grid(node, "linear", padding, aligned));
            }
        }
        cases.from(20, "GridSample", node -> node.with("padding_mode", "border")
                .feed(1, 1, 3, 2, 4)
                .feed(far(1, 2, 1, 3, 3)));
    }

    private static NodeCase grid(NodeCase node, String mode, String padding, int aligned) {
        return node.with("mode", mode)
                .with("padding_mode", padding)
                .with("align_corners", aligned)
                .feed(2, 2, 3, 4)
                .feed(far(2, 2, 3, 2));
    }

    /** Between -2 and 2. */
    private static TensorData far(int... dims) {
        return TensorData.generate(DataType.FLOAT32, Shape.of(dims), i -> 2 * Math.sin(1.3 * i + 0.4));
    }

    /** Before opset 11: by scales, with coordinates as asymmetric ones are later. */
    private static void older(OperatorCases cases) {
        for (String mode : List.of("nearest", "linear")) {
            for (double[] scales : List.of(new double[] {1, 1, 2, 2}, new double[] {1, 1, 1.5, 3})) {
                cases.until(8, "Upsample", node -> node.with("mode", mode)
                                .reals("scales", scales)
                                .feed(1, 2, 4, 6))
                        .between(9, 9, "Upsample", node -> node.with("mode", mode)
                                .feed(1, 2, 4, 6)
                                .floats(scales))
                        .between(10, 10, "Resize", node -> node.with("mode", mode)
                                .feed(1, 2, 4, 6)
                                .floats(scales));
            }
            cases.between(10, 10, "Resize", node -> node.with("mode", mode)
                    .feed(1, 2, 5, 6)
                    .floats(1, 1, 0.6, 0.5));
        }
    }

    private static void resizes(OperatorCases cases) {
        for (String mode : List.of("nearest", "linear", "cubic")) {
            for (String coordinates : List.of("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel")) {
                for (double[] scales : List.of(new double[] {1, 1, 2, 2}, new double[] {1, 1, 1.5, 0.6})) {
                    cases.from(11, "Resize", node -> node.with("mode", mode)
                            .with("coordinate_transformation_mode", coordinates)
                            .feed(1, 2, 5, 6)
                            .unused()
                            .floats(scales));
                }
            }
            cases.from(11, "Resize", node -> node.with("mode", mode)
                            .feed(1, 2, 5, 6)
                            .unused()
                            .unused()
                            .longs(1, 2, 7, 3))
                    .from(19, "Resize", node -> node.with("mode", mode)
                            .with("coordinate_transformation_mode", "half_pixel_symmetric")
                            .feed(1, 1, 5, 6)
                            .unused()
                            .floats(1, 1, 1.3, 0.7));
        }
        for (String rounding : List.of("round_prefer_ceil", "floor", "ceil")) {
            cases.from(11, "Resize", node -> node.with("nearest_mode", rounding)
                    .feed(1, 1, 4, 5)
                    .unused()
                    .floats(1, 1, 1.5, 2));
        }
        for (String policy : List.of("not_larger", "not_smaller")) {
            cases.from(18, "Resize", node -> node.with("mode", "linear")
                    .with("keep_aspect_ratio_policy", policy)
                    .ints("axes", 2, 3)
                    .feed(1, 1, 4, 6)
                    .unused()
                    .unused()
                    .longs(7, 8));
        }
        for (String mode : List.of("linear", "cubic")) {
            cases.from(18, "Resize", node -> node.with("mode", mode)
                    .with("antialias", 1)
                    .feed(1, 1, 8, 9)
                    .unused()
                    .floats(1, 1, 0.5, 0.4));
        }
        cases.from(11, "Resize", node -> node.with("mode", "cubic")
                        .with("exclude_outside", 1)
                        .real("cubic_coeff_a", -0.5)
                        .feed(1, 1, 4, 5)
                        .unused()
                        .floats(1, 1, 1.5, 2))
                .from(18, "Resize", node -> node.with("mode", "linear")
                        .ints("axes", 2, 3)
                        .feed(1, 1, 4, 6)
                        .unused()
                        .floats(2, 1.5));
    }
}
