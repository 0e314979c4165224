package dev.rlcm.onnx.pipeline.encoders;

/**
 * Resizes planes of 8-bit levels as Pillow does with BICUBIC, to the bit: the Keys cubic with a = -0.5, widened where the
 * picture shrinks, first along rows, then along columns, with 8-bit levels in between and weights of 22 fractional bits
 * (Pillow's Resample.c).
 */
final class PillowResize {
    private static final int FRACTION_BITS = 22;
    private static final double SUPPORT = 2;

    private PillowResize() {}

    /** One row-major plane [height, width] as [newHeight, newWidth]; the array itself if nothing changes. */
    static byte[] bicubic(byte[] plane, int height, int width, int newHeight, int newWidth) {
        byte[] rows = newWidth == width
                ? plane
                : resample(plane, Taps.of(width, newWidth), new Axis(height, width, 1), new Axis(height, newWidth, 1));
        return newHeight == height
                ? rows
                : resample(
                        rows,
                        Taps.of(height, newHeight),
                        new Axis(newWidth, 1, newWidth),
                        new Axis(newWidth, 1, newWidth));
    }

    /**
     * The same along one axis as a matrix [newSize, size], row-major, which multiplies reals: without the rounding, so that it can
     * be differentiated.
     */
    static float[] matrix(int size, int newSize) {
        Taps taps = Taps.of(size, newSize);
        float[] matrix = new float[newSize * size];
        for (int x = 0; x < newSize; x++) {
            int[] weights = taps.weights()[x];
            for (int i = 0; i < weights.length; i++) {
                matrix[x * size + taps.first()[x] + i] = (float) ((double) weights[i] / (1 << FRACTION_BITS));
            }
        }
        return matrix;
    }

    /** Where the lines along an axis lie: {@code lines} of them, starting {@code line} apart, with steps of {@code step}. */
    private record Axis(int lines, int line, int step) {}

    private static byte[] resample(byte[] from, Taps taps, Axis source, Axis target) {
        int length = taps.first().length;
        byte[] to = new byte[source.lines() * length];
        for (int line = 0; line < source.lines(); line++) {
            for (int x = 0; x < length; x++) {
                int[] weights = taps.weights()[x];
                int at = line * source.line() + taps.first()[x] * source.step();
                int sum = 1 << (FRACTION_BITS - 1);
                for (int i = 0; i < weights.length; i++) {
                    sum += weights[i] * (from[at + i * source.step()] & 0xff);
                }
                int level = Math.max(0, Math.min(255, sum >> FRACTION_BITS));
                to[line * target.line() + x * target.step()] = (byte) level;
            }
        }
        return to;
    }

    /** For every element of the result: the first source element that counts, and the weights from there on. */
    private record Taps(int[] first, int[][] weights) {
        static Taps of(int size, int newSize) {
            double scale = (double) size / newSize;
            double widening = Math.max(scale, 1);
            double support = SUPPORT * widening;
            Taps taps = new Taps(new int[newSize], new int[newSize][]);
            for (int x = 0; x < newSize; x++) {
                double centre = (x + 0.5) * scale;
                int first = Math.max(0, (int) (centre - support + 0.5));
                int end = Math.min(size, (int) (centre + support + 0.5));
                double[] weights = new double[end - first];
                double sum = 0;
                for (int i = 0; i < weights.length; i++) {
                    weights[i] = cubic((first + i - centre + 0.5) / widening);
                    sum += weights[i];
                }
                taps.first()[x] = first;
                taps.weights()[x] = new int[weights.length];
                for (int i = 0; i < weights.length; i++) {
                    double scaled = weights[i] / sum * (1 << FRACTION_BITS);
                    taps.weights()[x][i] = (int) (scaled + Math.copySign(0.5, scaled));
                }
            }
            return taps;
        }

        private static double cubic(double x) {
            double t = Math.abs(x);
            if (t < 1) {
                return (1.5 * t - 2.5) * t * t + 1;
            }
            return t < 2 ? ((-0.5 * t + 2.5) * t - 4) * t + 2 : 0;
        }
    }
}
