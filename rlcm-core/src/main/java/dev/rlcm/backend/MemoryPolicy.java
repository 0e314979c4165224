package dev.rlcm.backend;

/** What to spend memory on when a large network is trained; {@code docs/performance.md} has what each choice costs. */
public enum MemoryPolicy {
    /**
     * Everything that makes a run faster: weights packed for the matrix kernels, rotated copies of convolution kernels,
     * transformed kernels for as many bytes more as the direct ones have, nothing computed twice but the scores of large attentions.
     */
    FAST,
    /**
     * As fast where that takes little. Holds one copy of weights above 64 MB, used where it is, rotated kernels or
     * transformed ones in their place, and 256 MB more of transformed ones. At full
     * size it is a few percent slower than FAST and takes a third less memory; for small models it is the same.
     */
    BALANCED,
    /**
     * Holds one copy of the weights and nothing else of their size; convolutions are direct. Keeps only the activations between the network's blocks;
     * the backward pass computes all others again.
     */
    SMALL
}
