package dev.rlcm.backend;

/**
 * How attention and its gradients are best computed on a backend.
 *
 * @param fused whether the backend computes a whole attention better than its parts, so that an update does so too even where the
 *     parts would serve the gradients, which then compute them again
 * @param slice scores, in elements, whose gradients are computed at a time, at least 1: as many as stay in the cache that kernels
 *     work in. Gradients of up to twice as many are computed at once; of heads of up to 32 features, whose products wait for
 *     memory, a quarter at a time
 */
public record AttentionForms(boolean fused, long slice) {
    public AttentionForms {
        if (slice < 1) {
            throw new IllegalArgumentException("slice must be at least 1, got " + slice);
        }
    }

    /** For CPUs: parts, and 8 MB in single precision: larger slices leave the caches, smaller ones make thin products. */
    public static AttentionForms defaults() {
        return new AttentionForms(false, 1 << 21);
    }
}
