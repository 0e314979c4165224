package dev.rlcm.rewrite.folding;

import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * f(expand(c), d) = expand(f(c, d)) for constants c and d: a tensor too large to store stays one small constant behind
 * an EXPAND, as in the 0 * ConstantOfShape that exported attention adds to its scores.
 */
public final class UniformFolding {
    private static final Set<Op> ELEMENTWISE = EnumSet.of(
            Op.ADD,
            Op.SUB,
            Op.MUL,
            Op.DIV,
            Op.POW,
            Op.MIN,
            Op.MAX,
            Op.EQUAL,
            Op.LESS,
            Op.LESS_OR_EQUAL,
            Op.GREATER,
            Op.GREATER_OR_EQUAL,
            Op.AND,
            Op.OR,
            Op.XOR,
            Op.WHERE,
            Op.NOT,
            Op.NEG,
            Op.ABS,
            Op.SQRT,
            Op.CAST);

    private UniformFolding() {}

    /** Whether all elements equal the number, as far as a look at the constants tells. */
    public static boolean isUniform(Value value, double number) {
        return source(value).isConstant(number);
    }

    /** The expansion of a smaller constant expression if the value is one; otherwise the value itself. */
    static Value shrink(Value value) {
        List<Value> sources =
                value.inputs().stream().map(UniformFolding::source).toList();
        boolean applies = ELEMENTWISE.contains(value.op())
                && !sources.equals(value.inputs())
                && sources.stream().allMatch(source -> source.is(Op.CONSTANT));
        if (!applies) {
            return value;
        }
        Shape small =
                sources.stream().map(Value::shape).reduce(Shape::broadcast).orElseThrow();
        return small.equals(value.shape())
                ? value
                : ConstantFolding.fold(value.withInputs(sources)).expand(value.shape());
    }

    /** The value without EXPANDs on top. */
    public static Value source(Value value) {
        Value source = value;
        while (source.is(Op.EXPAND)) {
            source = source.in(0);
        }
        return source;
    }
}
