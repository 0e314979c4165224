package dev.rlcm.rewrite.patterns;

import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A tree of multiplications taken apart: a number times the factors, however they were associated. */
record Product(double coefficient, List<Value> factors) {
    static Product of(Value root, Users users) {
        List<Value> factors = new ArrayList<>();
        double coefficient = collect(root, true, users, factors);
        return new Product(coefficient, factors);
    }

    /** The factors in both orders if there are two; otherwise nothing. */
    List<List<Value>> pairs() {
        return factors.size() == 2 ? List.of(factors, List.of(factors.get(1), factors.get(0))) : List.of();
    }

    private static double collect(Value node, boolean root, Users users, List<Value> factors) {
        if (root || users.single(node)) {
            Optional<Scaled> scaled = Scaled.step(node);
            if (scaled.isPresent()) {
                return scaled.get().factor() * collect(scaled.get().value(), false, users, factors);
            }
            if (node.is(Op.MUL)) {
                return collect(node.in(0), false, users, factors) * collect(node.in(1), false, users, factors);
            }
        }
        factors.add(node);
        return 1;
    }
}
