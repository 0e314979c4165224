package dev.rlcm.rewrite.convolution;

import dev.rlcm.graph.Value;

/**
 * Predicts seconds of a convolution with kernel 3x3 for one row, in its direct form and by {@link MinimalFiltering}. The
 * constants were measured with ONNX Runtime 1.28 on two AVX2 cores. They are stated rather than measured where the library
 * runs, so that the same model computes the same numbers everywhere; only their ratios matter.
 */
final class FilteringCost {
    /** Multiplications and additions a second of ONNX Runtime's convolution, with kernels in the cache. */
    private static final double DIRECT_RATE = 58e9;

    /** Bytes of kernels a second that the convolution takes in. */
    private static final double DIRECT_KERNELS = 2.3e9;

    /** Multiplications and additions a second of its products. */
    private static final double PRODUCT_RATE = 70e9;

    /** Bytes of transformed kernels a second that the products take in. */
    private static final double FORM_KERNELS = 11e9;

    /** Bytes a second of a transpose, and seconds for each run of neighbouring elements that it moves. */
    private static final double MOVED = 20e9;

    private static final double RUN = 11e-9;

    /** Fixed seconds of the form's nine operators. */
    private static final double NODES = 9 * 20e-6;

    /** A product of fewer columns takes as long as one of that many. */
    private static final int COLUMNS = 16;

    private static final int FLOAT = 4;

    private FilteringCost() {}

    static double direct(Value conv) {
        double filters = (double) conv.dim(1) * conv.in(0).dim(1);
        double taps = Tile.TAPS * Tile.TAPS;
        return filters * taps * conv.dim(2) * conv.dim(3) / DIRECT_RATE + filters * taps * FLOAT / DIRECT_KERNELS;
    }

    static double form(Value conv, Tile tile) {
        Value x = conv.in(0);
        double in = x.dim(1);
        double out = conv.dim(1);
        double high = MinimalFiltering.tiles(conv.dim(2), tile);
        double wide = MinimalFiltering.tiles(conv.dim(3), tile);
        double n = tile.inputs();
        double spread = n * high * n * wide;
        double transforms = in * (x.dim(2) * x.dim(3) * n * wide + spread * x.dim(2))
                + out * (spread * conv.dim(3) + n * high * conv.dim(3) * conv.dim(2));
        double products = n * n * in * out * Math.max(high * wide, COLUMNS);
        double moved = (in + out) * spread;
        return (transforms + products) / PRODUCT_RATE
                + n * n * in * out * FLOAT / FORM_KERNELS
                + 2 * moved * FLOAT / MOVED
                + moved / wide * RUN
                + NODES;
    }
}
