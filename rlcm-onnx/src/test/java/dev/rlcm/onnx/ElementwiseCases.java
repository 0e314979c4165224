package dev.rlcm.onnx;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.util.List;

/** Arithmetic, functions and activations. */
final class ElementwiseCases {
    private ElementwiseCases() {}

    static void addTo(OperatorCases cases) {
        functions(cases);
        arithmetic(cases);
        activations(cases);
        conversions(cases);
    }

    private static void functions(OperatorCases cases) {
        for (String type : List.of(
                "Abs",
                "Atan",
                "Cos",
                "Erf",
                "Exp",
                "Identity",
                "Neg",
                "Reciprocal",
                "Relu",
                "Sigmoid",
                "Sin",
                "Sinh",
                "Cosh",
                "Tan",
                "Tanh",
                "Softplus",
                "Softsign",
                "Asinh",
                "Selu",
                "Celu",
                "Elu",
                "LeakyRelu",
                "ThresholdedRelu",
                "HardSigmoid",
                "HardSwish")) {
            cases.of(type, node -> node.feed(3, 5));
        }
        for (String type : List.of("Ceil", "Floor", "Round", "Sign", "IsNaN", "IsInf")) {
            cases.of(type, node -> node.feed(3, 5).kinked());
        }
        for (String type : List.of("Acos", "Asin", "Atanh")) {
            cases.of(type, node -> node.feed(TensorData.floats(Shape.of(5), -0.9f, -0.5f, 0.1f, 0.6f, 0.95f)));
        }
        cases.of("Acosh", node -> node.feed(TensorData.floats(Shape.of(4), 1.1f, 1.5f, 2, 7)))
                .of("Log", node -> node.positive(6))
                .of("Sqrt", node -> node.positive(6))
                .from(18, "Mish", node -> node.feed(7))
                .from(20, "Gelu", node -> node.feed(9))
                .from(20, "Gelu", node -> node.with("approximate", "tanh").feed(9))
                .of("Swish", node -> node.real("alpha", 1.5).feed(9).withoutKernel())
                .of("Shrink", node -> node.real("bias", 0.2).real("lambd", 0.3).feed(9))
                .of("IsInf", node -> node.with("detect_negative", 0)
                        .feed(TensorData.floats(Shape.of(3), Float.NEGATIVE_INFINITY, 1, Float.POSITIVE_INFINITY))
                        .kinked());
    }

    private static void arithmetic(OperatorCases cases) {
        for (String type : List.of("Add", "Sub", "Mul", "Div", "PRelu")) {
            cases.of(type, node -> node.feed(2, 3, 4).feed(3, 1));
        }
        for (String type : List.of("Less", "LessOrEqual", "Greater", "GreaterOrEqual")) {
            cases.of(type, node -> node.feed(2, 3, 4).feed(3, 1));
        }
        cases.from(11, "Equal", node -> node.feed(2, 3, 4).feed(3, 1))
                .until(10, "Equal", node -> node.feed(bits(2, 3)).feed(bits(3)));
        for (String type : List.of("And", "Or", "Xor")) {
            cases.of(type, node -> node.feed(bits(2, 3)).feed(bits(3)));
        }
        for (String type : List.of("Sum", "Mean", "Max", "Min")) {
            cases.from(8, type, node -> node.feed(2, 2).feed(2).feed(1, 2))
                    .until(7, type, node -> node.feed(2, 2).feed(2, 2))
                    .of(type, node -> node.feed(3));
        }
        for (String type : List.of("Max", "Min")) {
            cases.from(8, type, node -> node.feed(2, 3, 4).feed(3, 1));
        }
        cases.of("Not", node -> node.feed(bits(5)))
                .of("Where", node -> node.feed(bits(3)).feed(2, 3).feed(1))
                .of("Pow", node -> node.positive(2, 3).feed(3))
                .of("Pow", node -> node.feed(4).floats(2))
                .from(12, "Pow", node -> node.feed(4).longs(3))
                .from(12, "Pow", node -> node.feed(TensorData.longs(Shape.of(3), 2, -3, 4))
                        .floats(2))
                .of("Mod", node -> node.with("fmod", 1).feed(5, 2).feed(2))
                .of("Mod", node -> node.feed(TensorData.longs(Shape.of(4), -7, 7, 5, -5))
                        .longs(3, -3, 3, -3))
                .of("Mod", node -> node.with("fmod", 1)
                        .feed(TensorData.longs(Shape.of(4), -7, 7, 5, -5))
                        .longs(3, -3, 3, -3));
    }

    private static void activations(OperatorCases cases) {
        for (String type : List.of("Softmax", "LogSoftmax")) {
            cases.of(type, node -> node.feed(2, 3, 4))
                    .of(type, node -> node.with("axis", 1).feed(2, 3, 4))
                    .of(type, node -> node.with("axis", -2).feed(2, 3, 4));
        }
        cases.of("Hardmax", node -> node.feed(2, 3, 4).kinked())
                .of("Hardmax", node -> node.with("axis", 0).feed(2, 3, 4).kinked())
                .of(
                        "HardSigmoid",
                        node -> node.real("alpha", 0.3).real("beta", 0.4).feed(9))
                .of("Elu", node -> node.real("alpha", 0.3).feed(9))
                .of("Celu", node -> node.real("alpha", 0.3).feed(9))
                .of("LeakyRelu", node -> node.real("alpha", 0.3).feed(9))
                .between(11, 11, "Clip", node -> node.feed(9).constant(scalar(-0.5)))
                .from(11, "Clip", node -> node.feed(9).constant(scalar(-0.5)).constant(scalar(0.5)))
                .from(11, "Clip", node -> node.feed(9).absent().constant(scalar(0.25)))
                .from(11, "Clip", node -> node.feed(9)
                        .feed(TensorData.floats(Shape.SCALAR, -0.25f))
                        .kinked())
                .until(10, "Clip", node -> node.real("min", -0.5)
                        .real("max", 0.25)
                        .feed(9))
                .until(10, "Clip", node -> node.real("max", 0.25).feed(9))
                .from(12, "Clip", node -> node.feed(TensorData.longs(Shape.of(3), -5, 0, 5))
                        .absent()
                        .integer(2));
    }

    private static void conversions(OperatorCases cases) {
        cases.of("Cast", node -> node.with("to", 7).feed(8).kinked())
                .of("Cast", node -> node.with("to", 11).feed(8))
                .of("Cast", node -> node.with("to", 9).feed(TensorData.longs(Shape.of(3), -1, 0, 2)))
                .of("Cast", node -> node.with("to", 1).feed(bits(4)))
                .from(15, "OptionalHasElement", node -> node.feed(2).withoutKernel())
                .from(15, "OptionalGetElement", node -> node.feed(2).withoutKernel())
                .from(15, "CastLike", node -> node.feed(8).longs(1).kinked());
    }

    private static TensorData scalar(double value) {
        return TensorData.scalar(DataType.FLOAT32, value);
    }

    /** Whole numbers from 0 to 4, many of them equal. */
    static TensorData whole(int... dims) {
        return TensorData.generate(DataType.FLOAT32, Shape.of(dims), i -> i * 7 % 5);
    }

    static TensorData bits(int... dims) {
        return TensorData.generate(DataType.BOOL, Shape.of(dims), i -> (i * 7 + 1) % 3 == 0 ? 1 : 0);
    }
}
