package dev.rlcm.onnx.importer;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import java.util.Arrays;

/** Activation functions; formulas and default parameters are those of the ONNX operator reference. */
final class ActivationTranslations {
    private ActivationTranslations() {}

    static void register(OperatorTable table) {
        table.row(
                        "LeakyRelu",
                        node -> node.apply(Op.LEAKY_RELU, Attributes.of("alpha", node.real("alpha", 0.01)), node.in(0)))
                .row("Elu", node -> node.apply(Op.ELU, Attributes.of("alpha", node.real("alpha", 1)), node.in(0)))
                .row(
                        "Selu",
                        node -> selu(
                                node.in(0),
                                node.real("alpha", 1.6732631921768188),
                                node.real("gamma", 1.0507010221481323)))
                .row("Celu", node -> celu(node.in(0), node.real("alpha", 1)))
                .row("PRelu", node -> node.in(0)
                        .max(zero(node.in(0)))
                        .add(node.in(1).mul(node.in(0).min(zero(node.in(0))))))
                .row("ThresholdedRelu", node -> thresholded(node.in(0), node.real("alpha", 1)))
                .row("HardSigmoid", node -> hardSigmoid(node.in(0), node.real("alpha", 0.2), node.real("beta", 0.5)))
                .row("HardSwish", node -> node.in(0).mul(hardSigmoid(node.in(0), 1.0 / 6, 0.5)))
                .row("Softsign", node -> node.in(0).div(node.in(0).abs().add(1)))
                .row("Mish", node -> node.in(0)
                        .mul(node.in(0).unary(Op.SOFTPLUS).tanh()))
                .row("Swish", node -> swish(node, node.real("alpha", 1)))
                .row("Gelu", node -> gelu(node, node.in(0), node.text("approximate", "none")))
                .row("Hardmax", node -> alongAxis(node, ActivationTranslations::hardmax))
                .row("Softmax", node -> softmax(node, Op.SOFTMAX))
                .row("LogSoftmax", node -> softmax(node, Op.LOG_SOFTMAX));
    }

    static Value gelu(OnnxNode node, Value x, String approximate) {
        return node.apply(Op.GELU, Attributes.of("approximate", approximate), x);
    }

    static Value swish(OnnxNode node, double alpha) {
        return node.apply(Op.SWISH, Attributes.of("alpha", alpha), node.in(0));
    }

    private static Value zero(Value x) {
        return x.like(0);
    }

    private static Value selu(Value x, double alpha, double gamma) {
        return Value.of(Op.ELU, Attributes.of("alpha", alpha), x).mul(gamma);
    }

    /** max(0,x) + min(0, alpha (exp(x/alpha) - 1)) = alpha elu(x / alpha). */
    private static Value celu(Value x, double alpha) {
        return Value.of(Op.ELU, Attributes.of("alpha", 1.0), x.div(alpha)).mul(alpha);
    }

    private static Value thresholded(Value x, double alpha) {
        return x.greater(x.like(alpha)).where(x, zero(x));
    }

    static Value hardSigmoid(Value x, double alpha, double beta) {
        return x.mul(alpha).add(beta).clip(0, 1);
    }

    private static Value softmax(OnnxNode node, Op op) {
        return alongAxis(node, (x, axis) -> node.apply(op, Attributes.of("axis", axis), x));
    }

    /** 1 at the first maximum, 0 elsewhere. */
    private static Value hardmax(Value x, int axis) {
        Attributes first = Attributes.of("axis", axis, "keepdims", true).with("last", false);
        int[] dims = new int[x.rank()];
        Arrays.fill(dims, 1);
        dims[axis] = x.dim(axis);
        Value places = ConstantTranslations.iota(x.dim(axis)).reshape(dims);
        return Value.of(Op.ARG_MAX, first, x).equal(places).where(x.like(1), x.like(0));
    }

    private interface AxisFunction {
        Value apply(Value x, int axis);
    }

    /** Before opset 13, the axes from {@code axis} on are one axis (and the default is 1, not -1). */
    private static Value alongAxis(OnnxNode node, AxisFunction function) {
        Value x = node.in(0);
        int axis = OnnxNode.axis(node.integer("axis", node.opset() < 13 ? 1 : -1), x.rank());
        if (node.opset() >= 13 || axis == x.rank() - 1) {
            return function.apply(x, axis);
        }
        return function.apply(ShapeTranslations.flatten(x, axis), 1).reshape(x.shape());
    }
}
