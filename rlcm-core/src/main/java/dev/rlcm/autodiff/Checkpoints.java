package dev.rlcm.autodiff;

import dev.rlcm.graph.Value;
import java.util.List;
import java.util.Set;

/**
 * Chooses the values of a forward pass that are kept for the backward pass; all others are computed again from them when
 * the backward pass needs them (gradient checkpointing, arXiv:1604.06174). That changes what gradients cost, not what they
 * are.
 */
@FunctionalInterface
public interface Checkpoints {
    /**
     * The values to keep, compared by identity.
     *
     * @param forward all values of the forward pass, operands before their users
     */
    Set<Value> of(List<Value> forward);

    /** Everything is kept: the fastest. */
    static Checkpoints everywhere() {
        return KeptValues::all;
    }

    /**
     * The values between blocks, through which everything later depends on what came before: nearly a forward pass more,
     * for the memory of one block.
     */
    static Checkpoints betweenBlocks() {
        return KeptValues::betweenBlocks;
    }
}
