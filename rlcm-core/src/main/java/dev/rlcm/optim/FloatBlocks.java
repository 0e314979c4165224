package dev.rlcm.optim;

import java.nio.FloatBuffer;

/**
 * Buffers cut into blocks that are copied to arrays and back: loops over arrays run in vector instructions, those over elements of direct
 * buffers do not (JDK 17 to 25).
 */
final class FloatBlocks {
    /** Elements of a block; a few arrays of that size stay in the first-level cache. */
    static final int SIZE = 1 << 10;

    private FloatBlocks() {}

    /** Works on the elements {@code [from, from + length)} of buffers. */
    @FunctionalInterface
    interface Body {
        void accept(int from, int length);
    }

    /** Covers {@code [0, size)} from its start to its end. */
    static void forEach(int size, Body body) {
        for (int from = 0; from < size; from += SIZE) {
            body.accept(from, Math.min(SIZE, size - from));
        }
    }

    /** Where an element is not finite, or -1. */
    static int firstNotFinite(FloatBuffer buffer) {
        float[] block = new float[SIZE];
        for (int from = 0; from < buffer.limit(); from += SIZE) {
            int length = Math.min(SIZE, buffer.limit() - from);
            buffer.get(from, block, 0, length);
            if (!Double.isFinite(squares(block, length))) {
                for (int i = 0; i < length; i++) {
                    if (!Float.isFinite(block[i])) {
                        return from + i;
                    }
                }
            }
        }
        return -1;
    }

    /**
     * The sum of the squares of a block's elements in FLOAT64, which is finite exactly if they are. Four sums, so that an addition need not
     * wait for the one before it.
     */
    static double squares(float[] block, int length) {
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int i = 0;
        for (; i + 3 < length; i += 4) {
            a += (double) block[i] * block[i];
            b += (double) block[i + 1] * block[i + 1];
            c += (double) block[i + 2] * block[i + 2];
            d += (double) block[i + 3] * block[i + 3];
        }
        for (; i < length; i++) {
            a += (double) block[i] * block[i];
        }
        return a + b + c + d;
    }
}
