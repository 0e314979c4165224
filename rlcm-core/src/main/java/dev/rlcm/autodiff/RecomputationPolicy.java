package dev.rlcm.autodiff;

import dev.rlcm.graph.Value;
import java.util.List;
import java.util.Set;

/**
 * Chooses the values of a forward pass that the backward pass computes again when it needs them, rather than keep them in
 * memory (gradient checkpointing, arXiv:1604.06174). The choice changes the cost of gradients, not their values.
 * Implementations are stateless and thread-safe.
 */
@FunctionalInterface
public interface RecomputationPolicy {
    /**
     * The values to keep, compared by identity. All others are computed again from them.
     *
     * @param forward all values of the forward pass, operands before their users
     */
    Set<Value> kept(List<Value> forward);

    /** Computes nothing again: the fastest. */
    static RecomputationPolicy none() {
        return KeptValues::all;
    }

    /**
     * Keeps the values between blocks, through which everything later depends on what came before. Costs nearly one forward
     * pass more, and saves all activations but those of one block.
     */
    static RecomputationPolicy insideBlocks() {
        return KeptValues::betweenBlocks;
    }
}
