package dev.rlcm.backend;

import java.util.OptionalLong;

/**
 * How attention and its gradients are best computed on a backend.
 *
 * @param fused whether the backend computes a whole attention better than its parts, so that an update does so too even where the
 *     parts would serve the gradients, which then compute them again
 * @param slice scores, in elements, whose gradients are computed at a time, at least 1: as many as stay in the cache that kernels
 *     work in; empty for what suits CPUs
 */
public record AttentionForms(boolean fused, OptionalLong slice) {
    public AttentionForms {
        if (slice.isPresent() && slice.getAsLong() < 1) {
            throw new IllegalArgumentException("slice must be at least 1, got " + slice.getAsLong());
        }
    }

    /** For CPUs. */
    public static AttentionForms defaults() {
        return new AttentionForms(false, OptionalLong.empty());
    }

    /** In one piece going forward, its gradients by slices of so many scores. */
    public static AttentionForms fused(long slice) {
        return new AttentionForms(true, OptionalLong.of(slice));
    }
}
