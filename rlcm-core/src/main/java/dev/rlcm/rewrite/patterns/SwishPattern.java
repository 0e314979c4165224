package dev.rlcm.rewrite.patterns;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.Match;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/** x sigmoid(alpha x) is SWISH. */
final class SwishPattern implements Pattern {
    @Override
    public Optional<Value> match(Value root, Users users) {
        if (!root.is(Op.MUL)) {
            return Optional.empty();
        }
        for (List<Value> operands : Match.bothOrders(root)) {
            Value x = operands.get(0);
            Value gate = operands.get(1);
            if (gate.is(Op.SIGMOID) && x != gate && users.enclosed(root, List.of(x))) {
                OptionalDouble alpha =
                        Polynomial.of(gate.in(0), x).map(Polynomial::slope).orElse(OptionalDouble.empty());
                if (alpha.isPresent()) {
                    Attributes attributes = Attributes.of("alpha", alpha.getAsDouble());
                    return Optional.of(Value.of(Op.SWISH, attributes, List.of(x), root.label()));
                }
            }
        }
        return Optional.empty();
    }
}
