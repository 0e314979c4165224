package dev.rlcm.rewrite;

import dev.rlcm.graph.Graph;

/** Temporary. */
public final class CommonSubexpressions {
    public static Graph merge(Graph g) {
        return g;
    }
}
