package dev.rlcm.rewrite.patterns;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.Match;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * x/2 (1 + erf(x / sqrt 2)) and x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) are GELU, whatever the order of the
 * factors (arXiv:1606.08415). Times another number, as optimisers leave it that move factors elsewhere, it is a multiple
 * of GELU.
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
            Optional<Gate> gate = gate(x, pair.get(1));
            if (gate.isPresent() && users.enclosed(root, List.of(x))) {
                Attributes approximate = Attributes.of("approximate", gate.get().form());
                Value gelu = Value.of(Op.GELU, approximate, List.of(x), root.label());
                double factor = 2 * product.coefficient() * gate.get().height();
                return Optional.of(Match.close(factor, 1, x.type()) ? gelu : gelu.mul(factor));
            }
        }
        return Optional.empty();
    }

    /** height (1 + f), where the form tells the f. */
    private record Gate(String form, double height) {}

    private static Optional<Gate> gate(Value x, Value gate) {
        Value function = curve(gate);
        if (!function.is(Op.ERF) && !function.is(Op.TANH)) {
            return Optional.empty();
        }
        OptionalDouble height =
                Polynomial.of(gate, function).map(p -> p.height(x.type())).orElse(OptionalDouble.empty());
        Optional<Polynomial> argument = Polynomial.of(function.in(0), x);
        if (height.isEmpty() || argument.isEmpty()) {
            return Optional.empty();
        }
        double[] wanted = function.is(Op.ERF)
                ? new double[] {0, Math.sqrt(0.5)}
                : new double[] {0, TANH_SCALE, 0, 0.044715 * TANH_SCALE};
        return argument.filter(p -> p.isClose(x.type(), wanted))
                .map(p -> new Gate(function.is(Op.ERF) ? "none" : "tanh", height.getAsDouble()));
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
