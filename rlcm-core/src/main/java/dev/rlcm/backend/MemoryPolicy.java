package dev.rlcm.backend;

/** What to spend memory on when a large network is trained; {@code docs/performance.md} has what each choice costs. */
public enum MemoryPolicy {
    /**
     * Everything that makes a run faster: weights packed for the matrix kernels, rotated copies of convolution kernels,
     * nothing computed twice but the scores of large attentions.
     */
    FAST,
    /** One copy of the weights, used where it is, and the rotated kernels. */
    BALANCED,
    /**
     * One copy of the weights and nothing else of their size; of the activations only those between the network's blocks
     * are kept, all others are computed again in the backward pass.
     */
    SMALL
}
