package dev.rlcm.autodiff;

import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** Operators to gradient rules: an operator has a rule, or a gradient that is zero by definition, or neither. */
final class GradientTable {
    private final Map<Op, GradientRule> rules = new EnumMap<>(Op.class);
    private final Map<Op, Function<Value, Optional<String>>> limits = new EnumMap<>(Op.class);
    private final Set<Op> constants = EnumSet.noneOf(Op.class);

    private GradientTable() {}

    /** The rule, if the operator has one. */
    Optional<GradientRule> rule(Op op) {
        return Optional.ofNullable(rules.get(op));
    }

    /** Why no gradient can go through the node, if that is so. */
    Optional<String> obstacle(Value y) {
        if (!rules.containsKey(y.op())) {
            return Optional.of("no rule");
        }
        return Optional.ofNullable(limits.get(y.op())).flatMap(limit -> limit.apply(y));
    }

    /** Whether the derivative is zero wherever it exists. */
    boolean isConstant(Op op) {
        return constants.contains(op);
    }

    /** This table with another rule for an operator that has one. */
    GradientTable with(Op op, GradientRule rule) {
        GradientTable other = new GradientTable();
        other.rules.putAll(rules);
        other.limits.putAll(limits);
        other.constants.addAll(constants);
        other.rules.put(op, rule);
        return other;
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

        /** Forms of an operator that its rule does not cover: the function says why a node is one, or nothing. */
        Builder unless(Op op, Function<Value, Optional<String>> obstacle) {
            table.limits.put(op, obstacle);
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
