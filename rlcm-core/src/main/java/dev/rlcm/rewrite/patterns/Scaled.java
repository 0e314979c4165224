package dev.rlcm.rewrite.patterns;

import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.Match;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/** A value times a number. */
record Scaled(Value value, double factor) {
    /** The operand of a product with, or quotient by, a scalar constant; empty if the node is none. */
    static Optional<Scaled> step(Value node) {
        if (node.is(Op.DIV)) {
            return by(node, node.in(0), node.in(1)).map(s -> new Scaled(s.value, 1 / s.factor));
        }
        if (node.is(Op.MUL)) {
            return by(node, node.in(0), node.in(1)).or(() -> by(node, node.in(1), node.in(0)));
        }
        return Optional.empty();
    }

    /** Takes out all scalar factors that no other node sees, also those behind reshapes and transposes. */
    static Scaled strip(Value node, Users users) {
        Scaled whole = new Scaled(node, 1);
        if (!users.single(node)) {
            return whole;
        }
        if (node.is(Op.RESHAPE) || node.is(Op.TRANSPOSE)) {
            Scaled inner = strip(node.in(0), users);
            return inner.value == node.in(0) ? whole : new Scaled(node.withInputs(List.of(inner.value)), inner.factor);
        }
        return step(node)
                .map(outer -> {
                    Scaled inner = strip(outer.value, users);
                    return new Scaled(inner.value, outer.factor * inner.factor);
                })
                .orElse(whole);
    }

    private static Optional<Scaled> by(Value node, Value operand, Value constant) {
        OptionalDouble factor = Match.scalar(constant);
        boolean matches = factor.isPresent() && operand.shape().equals(node.shape());
        return matches ? Optional.of(new Scaled(operand, factor.getAsDouble())) : Optional.empty();
    }
}
