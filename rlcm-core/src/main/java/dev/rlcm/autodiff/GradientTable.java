package dev.rlcm.autodiff;

import dev.rlcm.graph.Op;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Operators to gradient rules: an operator has a rule, or a gradient that is zero by definition, or neither. */
final class GradientTable {
    private final Map<Op, GradientRule> rules = new EnumMap<>(Op.class);
    private final Set<Op> constants = EnumSet.noneOf(Op.class);

    private GradientTable() {}

    /** The rule, if the operator has one. */
    Optional<GradientRule> rule(Op op) {
        return Optional.ofNullable(rules.get(op));
    }

    /** Whether the derivative is zero wherever it exists. */
    boolean isConstant(Op op) {
        return constants.contains(op);
    }

    static Builder builder() {
        return new Builder();
    }

    static final class Builder {
        private final GradientTable table = new GradientTable();

        private Builder() {}

        Builder of(Op op, GradientRule rule) {
            if (table.rules.put(op, rule) != null) {
                throw new IllegalArgumentException("two gradient rules for " + op);
            }
            return this;
        }

        Builder constant(Op... ops) {
            table.constants.addAll(List.of(ops));
            return this;
        }

        GradientTable build() {
            return table;
        }
    }
}
