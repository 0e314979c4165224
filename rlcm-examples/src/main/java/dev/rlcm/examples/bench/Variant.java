package dev.rlcm.examples.bench;

import dev.rlcm.precision.Precision;

/** A way to compute a network on a device, and how far its results may be from those of a CPU in FLOAT32. */
enum Variant {
    FLOAT32(Precision.FLOAT32, 1e-4),
    /** FLOAT32 whose products round their operands to 11 bits, which only CUDA does. */
    TF32(Precision.FLOAT32, 2e-2),
    FLOAT16(Precision.FLOAT16, 2e-2),
    BFLOAT16(Precision.BFLOAT16, 1e-1);

    final Precision precision;

    /** The largest relative L2 error of outputs, log-probabilities, losses, and all gradients together. */
    final double bound;

    Variant(Precision precision, double bound) {
        this.precision = precision;
        this.bound = bound;
    }
}
