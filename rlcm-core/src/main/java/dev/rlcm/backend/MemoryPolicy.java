package dev.rlcm.backend;

/** What to spend memory on when a large network is trained; {@code docs/performance.md} has what each choice costs. */
public enum MemoryPolicy {
    /**
     * Everything that makes a run faster: weights packed for the matrix kernels, rotated copies of convolution kernels,
     * nothing computed twice but the scores of large attentions.
     */
    FAST,
    /**
     * As fast where that takes little: of weights above 64 MB one copy, used where it is, and the rotated kernels. A few percent
     * slower than FAST at full size, for a third of the memory less; the same for small models.
     */
    BALANCED,
    /**
     * One copy of the weights and nothing else of their size; of the activations only those between the network's blocks
     * are kept, all others are computed again in the backward pass.
     */
    SMALL
}
