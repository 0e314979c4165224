package dev.rlcm.rewrite.patterns;

import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.Match;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** core * scale + bias. */
record Affine<T>(T core, Value scale, Value bias) {
    /**
     * Takes a sum apart, in every order of its operands.
     *
     * @param core recognises what is scaled
     */
    static <T> Optional<Affine<T>> of(Value sum, Function<Value, Optional<T>> core) {
        if (!sum.is(Op.ADD)) {
            return Optional.empty();
        }
        for (List<Value> terms : Match.bothOrders(sum)) {
            if (terms.get(0).is(Op.MUL)) {
                for (List<Value> factors : Match.bothOrders(terms.get(0))) {
                    Optional<T> inner = core.apply(factors.get(0));
                    if (inner.isPresent()) {
                        return Optional.of(new Affine<>(inner.get(), factors.get(1), terms.get(1)));
                    }
                }
            }
        }
        return Optional.empty();
    }
}
