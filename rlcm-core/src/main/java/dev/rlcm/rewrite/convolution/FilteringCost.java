package dev.rlcm.rewrite.convolution;

import dev.rlcm.graph.Value;

/**
 * Predicts seconds of a convolution with kernel 3x3 for one row, in its direct form and by {@link MinimalFiltering}, on a
 * kind of machine. The constants were measured with ONNX Runtime 1.28 on two cores each. They are stated rather than measured
 * where the library runs, so that the same model computes the same numbers everywhere; only their ratios matter.
 *
 * @param directRate multiplications and additions a second of ONNX Runtime's convolution, with kernels in the cache
 * @param directKernels bytes of kernels a second that the convolution takes in
 * @param productRate multiplications and additions a second of its products
 * @param leftKernels bytes of transformed kernels a second that the products take in as left operands
 * @param rightKernels likewise as right operands
 * @param moved bytes a second of a pass that reads and writes
 */
record FilteringCost(
        double directRate,
        double directKernels,
        double productRate,
        double leftKernels,
        double rightKernels,
        double moved) {
    static final FilteringCost AVX2 = new FilteringCost(58e9, 2.3e9, 70e9, 11e9, 11e9, 20e9);

    /** Cores that share their caches and arithmetic with other guests of a host. */
    static final FilteringCost SHARED_AVX512 = new FilteringCost(90e9, 6e9, 80e9, 25e9, 11e9, 20e9);

    /** Cores of the same kind that nobody else uses. */
    static final FilteringCost AVX512 = new FilteringCost(185e9, 84e9, 180e9, 50e9, 31e9, 20e9);

    /** Seconds for each run of neighbouring elements that a transpose moves. */
    private static final double RUN = 11e-9;

    /** Fixed seconds of an operator. */
    private static final double NODE = 20e-6;

    /** Operators of the form for a block. */
    private static final int NODES = 9;

    /** A product of fewer columns takes as long as one of that many. */
    private static final int COLUMNS = 16;

    /** Packing an element of a right operand takes as long as multiplying it by that many rows. */
    private static final int PACKING = 12;

    private static final int FLOAT = 4;

    double direct(Value conv) {
        double filters = filters(conv);
        double taps = Tile.TAPS * Tile.TAPS;
        return filters * taps * conv.dim(2) * conv.dim(3) / directRate + filters * taps * FLOAT / directKernels;
    }

    /** @param longest outputs of a block along each side */
    double form(Value conv, FilteredForm form, int longest) {
        int height = Math.min(conv.dim(2), longest);
        int width = Math.min(conv.dim(3), longest);
        double blocks = (double) conv.dim(2) * conv.dim(3) / height / width;
        Tile tile = form.tile();
        double n = tile.inputs();
        double high = tile.count(height);
        double wide = tile.count(width);
        double rows = (double) height / tile.upsampling();
        double columns = (double) width / tile.upsampling();
        double in = conv.in(0).dim(1);
        double out = conv.dim(1);
        double spread = n * high * n * wide;
        double transforms = in * n * wide * rows * (columns + n * high) + out * n * wide * height * (width + n * high);
        double points = form.points() * filters(conv);
        double tiles = high * wide;
        double products = points * (form.isChannelsLast() ? tiles + PACKING : Math.max(tiles, COLUMNS));
        double passes = form.isChannelsLast()
                ? in * rows * (columns + n * wide) + out * height * (width + n * wide)
                : (in + out) * spread;
        double runs = form.isChannelsLast() ? 0 : (in + out) * spread / wide;
        double cut = blocks > 1 ? 2 * (in * rows * columns + out * height * width) : 0;
        double block =
                (transforms + products) / productRate + (passes + cut) * 2 * FLOAT / moved + runs * RUN + NODES * NODE;
        return blocks * block + points * FLOAT / (form.isChannelsLast() ? rightKernels : leftKernels);
    }

    private static double filters(Value conv) {
        return (double) conv.dim(1) * conv.in(0).dim(1);
    }
}
