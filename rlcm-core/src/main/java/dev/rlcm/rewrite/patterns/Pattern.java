package dev.rlcm.rewrite.patterns;

import dev.rlcm.graph.Value;
import java.util.Optional;

/** A way in which a cloud of small nodes spells one composite operator. */
interface Pattern {
    /**
     * The composite that computes the root, on operands of the graph as it is; empty if the root does not end this
     * pattern, or if a value inside it is used elsewhere too.
     */
    Optional<Value> match(Value root, Users users);
}
