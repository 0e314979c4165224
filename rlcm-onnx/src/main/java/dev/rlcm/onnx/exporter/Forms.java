package dev.rlcm.onnx.exporter;

import dev.rlcm.graph.Graph;

/** The forms there are. */
public final class Forms {
    private Forms() {}

    /** SiLU and GELU as single operators. */
    public static Form activations() {
        return new FusedActivations(false);
    }

    /** As {@link #activations}, and a bias before a GELU is added by the same operator. */
    public static Form biasedActivations() {
        return new FusedActivations(true);
    }

    /** Products that take transposes and factors. */
    public static Form products() {
        return new FusedProducts(false);
    }

    /** As {@link #products}, and tall products the other way round, which kernels for CPUs are faster at. */
    public static Form productsForCpu() {
        return new FusedProducts(true);
    }

    /** Attention by a kernel that never writes its scores, which replaces passes over memory and transposes of heads. */
    public static Form attention() {
        return FusedAttention.OF_HEADS;
    }

    /** As {@link #attention} where there are so many scores that it pays on a CPU, each head on its own. */
    public static Form largeAttention() {
        return FusedAttention.OF_LARGE_PLANES;
    }

    /** A residual sum and the layer norm of it by one kernel. */
    public static Form skipNorms() {
        return new SkipNorms();
    }

    /** Group norms of pictures, and SiLU after them, by one kernel, with channels last. */
    public static Form groupNorms() {
        return new GroupNorms();
    }

    /** Layer norms as instance norms of rows. */
    static Form rowNorms() {
        return new Form() {
            @Override
            public Graph beforeDecomposition(Graph graph) {
                return RowNorms.apply(graph);
            }
        };
    }

    /** Narrow heads moved as matrices. */
    static Form narrowHeads() {
        return new Form() {
            @Override
            public Graph afterDecomposition(Graph graph) {
                return NarrowHeads.apply(graph);
            }
        };
    }
}
