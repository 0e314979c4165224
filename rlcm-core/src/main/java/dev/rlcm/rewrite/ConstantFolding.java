package dev.rlcm.rewrite;

import dev.rlcm.graph.Graph;

/** Temporary. */
public final class ConstantFolding {
    public static Graph apply(Graph g) {
        return g;
    }
}
