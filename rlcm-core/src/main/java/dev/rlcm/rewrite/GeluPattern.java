package dev.rlcm.rewrite;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * x/2 (1 + erf(x / sqrt 2)) and x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) are GELU, whatever the order of the
 * factors (arXiv:1606.08415).
 */
final class GeluPattern implements Pattern {
    private static final double TANH_SCALE = Math.sqrt(2 / Math.PI);

    @Override
    public Optional<Value> match(Value root, Users users) {
        if (!root.is(Op.MUL) && !root.is(Op.DIV)) {
            return Optional.empty();
        }
        Product product = Product.of(root, users);
        for (List<Value> pair : product.pairs()) {
            Value x = pair.get(0);
            Optional<String> form = form(x, pair.get(1), product.coefficient());
            if (form.isPresent() && users.enclosed(root, List.of(x))) {
                Attributes approximate = Attributes.of("approximate", form.get());
                return Optional.of(Value.of(Op.GELU, approximate, List.of(x), root.label()));
            }
        }
        return Optional.empty();
    }

    /** Which GELU gates x by the coefficient times the gate. */
    private static Optional<String> form(Value x, Value gate, double coefficient) {
        Value function = curve(gate);
        if (!function.is(Op.ERF) && !function.is(Op.TANH)) {
            return Optional.empty();
        }
        double half = 0.5 / coefficient;
        boolean shifted = Polynomial.of(gate, function)
                .filter(p -> p.isClose(x.type(), half, half))
                .isPresent();
        Optional<Polynomial> argument = Polynomial.of(function.in(0), x);
        if (!shifted || argument.isEmpty()) {
            return Optional.empty();
        }
        if (function.is(Op.ERF)) {
            return argument.filter(p -> p.isClose(x.type(), 0, Math.sqrt(0.5))).map(p -> "none");
        }
        return argument.filter(p -> p.isClose(x.type(), 0, TANH_SCALE, 0, 0.044715 * TANH_SCALE))
                .map(p -> "tanh");
    }

    /** What is left of a gate without its scalar factors and summands. */
    private static Value curve(Value gate) {
        if (!gate.is(Op.ADD) && !gate.is(Op.MUL) && !gate.is(Op.DIV)) {
            return gate;
        }
        OptionalDouble first = Match.scalar(gate.in(0));
        return curve(first.isPresent() ? gate.in(1) : gate.in(0));
    }
}
