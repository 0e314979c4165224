package dev.rlcm.onnx.importer;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.format.OnnxTypes;
import java.util.List;
import java.util.Map;

/** Arithmetic, comparison and logic, element by element on broadcast operands. */
final class ElementwiseTranslations {
    private static final Map<String, Op> SAME = Map.ofEntries(
            Map.entry("Add", Op.ADD),
            Map.entry("Sub", Op.SUB),
            Map.entry("Div", Op.DIV),
            Map.entry("Equal", Op.EQUAL),
            Map.entry("Less", Op.LESS),
            Map.entry("LessOrEqual", Op.LESS_OR_EQUAL),
            Map.entry("Greater", Op.GREATER),
            Map.entry("GreaterOrEqual", Op.GREATER_OR_EQUAL),
            Map.entry("And", Op.AND),
            Map.entry("Or", Op.OR),
            Map.entry("Xor", Op.XOR),
            Map.entry("Where", Op.WHERE),
            Map.entry("Not", Op.NOT),
            Map.entry("Neg", Op.NEG),
            Map.entry("Abs", Op.ABS),
            Map.entry("Sign", Op.SIGN),
            Map.entry("Exp", Op.EXP),
            Map.entry("Log", Op.LOG),
            Map.entry("Sqrt", Op.SQRT),
            Map.entry("Sin", Op.SIN),
            Map.entry("Cos", Op.COS),
            Map.entry("Atan", Op.ATAN),
            Map.entry("Tanh", Op.TANH),
            Map.entry("Sigmoid", Op.SIGMOID),
            Map.entry("Erf", Op.ERF),
            Map.entry("Floor", Op.FLOOR),
            Map.entry("Ceil", Op.CEIL),
            Map.entry("Round", Op.ROUND),
            Map.entry("IsNaN", Op.IS_NAN),
            Map.entry("Relu", Op.RELU),
            Map.entry("Softplus", Op.SOFTPLUS));

    private ElementwiseTranslations() {}

    static void register(OperatorTable table) {
        SAME.forEach((type, op) ->
                table.row(type, node -> node.apply(op, node.allInputs().toArray(Value[]::new))));
        table.row("Max", node -> fold(node, Op.MAX))
                .row("Min", node -> fold(node, Op.MIN))
                .row("Sum", node -> fold(node, Op.ADD))
                .row("Mean", node -> fold(node, Op.ADD).div(node.inputCount()))
                .row("Pow", ElementwiseTranslations::pow)
                .row("Mod", ElementwiseTranslations::mod)
                .row("Reciprocal", node -> node.apply(Op.DIV, node.in(0).like(1), node.in(0)))
                .row("Shrink", node -> shrink(node.in(0), node.real("lambd", 0.5), node.real("bias", 0)))
                .row("IsInf", ElementwiseTranslations::isInf)
                .row("Clip", ElementwiseTranslations::clip)
                .row("Cast", node -> QuantTranslations.cast(node, OnnxTypes.fromOnnx(node.integer("to", 0))))
                .row("CastLike", node -> QuantTranslations.cast(node, node.in(1).type()))
                .row("Mul", QuantTranslations::mul)
                .row("OptionalHasElement", node -> Value.scalar(DataType.BOOL, node.has(0) ? 1 : 0))
                .row("OptionalGetElement", node -> node.in(0))
                .row("Identity", node -> node.in(0));
    }

    private static Value fold(OnnxNode node, Op op) {
        List<Value> all = node.allInputs();
        Value result = node.in(0);
        for (Value next : all.subList(1, all.size())) {
            result = node.apply(op, result, next);
        }
        return result;
    }

    /** The result has the base's type; a whole base with a real exponent is computed in reals. */
    private static Value pow(OnnxNode node) {
        Value base = node.in(0);
        Value exponent = node.in(1);
        if (base.type().isInteger() && exponent.type().isFloating()) {
            return node.apply(Op.POW, base.cast(exponent.type()), exponent).cast(base.type());
        }
        return node.apply(Op.POW, base, exponent.cast(base.type()));
    }

    /** With fmod the remainder has the sign of the dividend, as in C. */
    private static Value mod(OnnxNode node) {
        if (!node.flag("fmod", false)) {
            return node.apply(Op.MOD, node.in(0), node.in(1));
        }
        return node.in(0)
                .sign()
                .mul(node.apply(Op.MOD, node.in(0).abs(), node.in(1).abs()));
    }

    /** Nothing within lambda of 0, outside of it closer to 0 by the bias. */
    private static Value shrink(Value x, double lambda, double bias) {
        Value below = x.less(x.like(-lambda));
        Value above = x.greater(x.like(lambda));
        return below.where(x.add(bias), above.where(x.sub(bias), x.like(0)));
    }

    private static Value isInf(OnnxNode node) {
        Value x = node.in(0);
        boolean positive = node.flag("detect_positive", true);
        boolean negative = node.flag("detect_negative", true);
        if (!positive && !negative) {
            return x.less(x.like(Double.NEGATIVE_INFINITY));
        }
        Value candidate = positive && negative ? x.abs() : positive ? x : x.neg();
        return candidate.equal(x.like(Double.POSITIVE_INFINITY));
    }

    /** Bounds are attributes before opset 11; those that are not constant become Min and Max. */
    private static Value clip(OnnxNode node) {
        Value x = node.in(0);
        if (node.opset() < 11) {
            double min = node.real("min", Double.NEGATIVE_INFINITY);
            return clip(node, min, node.real("max", Double.POSITIVE_INFINITY));
        }
        if (x.type() == DataType.BOOL) {
            throw new GraphException("needs numbers");
        }
        boolean fixed = (!node.has(1) || node.in(1).is(Op.CONSTANT))
                && (!node.has(2) || node.in(2).is(Op.CONSTANT));
        if (!fixed) {
            Value low = node.has(1) ? x.max(node.in(1)) : x;
            return node.has(2) ? low.min(node.in(2)) : low;
        }
        double min = node.has(1) ? node.scalar(1) : Double.NEGATIVE_INFINITY;
        double max = node.has(2) ? node.scalar(2) : Double.POSITIVE_INFINITY;
        return clip(node, min, max);
    }

    /** Where the lower bound exceeds the upper one, everything becomes the upper one. */
    private static Value clip(OnnxNode node, double min, double max) {
        return node.apply(Op.CLIP, Attributes.of("min", Math.min(min, max), "max", max), node.in(0));
    }
}
