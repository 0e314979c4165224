package dev.rlcm.backend;

/** How convolutions with constant kernels of 3x3 are computed; {@code docs/performance.md} has what each choice gains. */
public enum ConvolutionForms {
    /** As the backend's own kernel does. */
    DIRECT,
    /**
     * By minimal filtering (Lavin and Gray, arXiv:1509.09308) where a cost model says that this is clearly faster on cores with
     * AVX2 and with AVX-512, within what the {@link MemoryPolicy} allows for transformed kernels. The choice depends on shapes
     * and policy alone, so that every machine makes the same one.
     */
    BY_COST,
    /** By minimal filtering wherever that is possible, for tests and measurements. */
    FILTERED
}
