package dev.rlcm.onnx.importer;

import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;

/** Trigonometric and hyperbolic functions and their inverses; formulas are those of DLMF chapter 4. */
final class FunctionTranslations {
    private FunctionTranslations() {}

    static void register(OperatorTable table) {
        table.row("Tan", node -> node.in(0).sin().div(node.in(0).cos()))
                .row("Sinh", node -> exponentials(node.in(0), -1))
                .row("Cosh", node -> exponentials(node.in(0), 1))
                .row("Asin", node -> arcsine(node.in(0)))
                .row("Acos", node -> arcsine(node.in(0)).neg().add(Math.PI / 2))
                .row("Asinh", node -> areaSine(node.in(0)))
                .row("Acosh", node -> node.in(0).add(root(node.in(0), -1)).log())
                .row("Atanh", node -> areaTangent(node.in(0)));
    }

    /** (e^x + sign e^-x) / 2. */
    private static Value exponentials(Value x, double sign) {
        return x.exp().add(x.neg().exp().mul(sign)).mul(0.5);
    }

    /** atan(x / sqrt((1 - x)(1 + x))), which is atan of infinity at the ends. */
    private static Value arcsine(Value x) {
        return x.div(x.like(1).sub(x).mul(x.add(1)).sqrt()).unary(Op.ATAN);
    }

    /** sign(x) log(|x| + sqrt(x^2 + 1)), where nothing cancels; at 0 the sign is 1, so that the slope is too. */
    private static Value areaSine(Value x) {
        Value negative = x.less(x.like(0));
        Value size = negative.where(x.neg(), x);
        Value angle = size.add(root(size, 1)).log();
        return negative.where(angle.neg(), angle);
    }

    /** log((1 + x) / (1 - x)) / 2. */
    private static Value areaTangent(Value x) {
        return x.add(1).div(x.like(1).sub(x)).log().mul(0.5);
    }

    /** sqrt(x^2 + offset). */
    private static Value root(Value x, double offset) {
        return x.square().add(offset).sqrt();
    }
}
