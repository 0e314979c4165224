package dev.rlcm.graph;

import java.nio.FloatBuffer;
import java.nio.ShortBuffer;

/** Conversions of the two 16-bit floating-point formats, rounding to nearest even (Java 17 has none). */
final class HalfPrecision {
    private HalfPrecision() {}

    static float float16ToFloat(short half) {
        int sign = (half & 0x8000) << 16;
        int exponent = (half >> 10) & 0x1f;
        int mantissa = half & 0x3ff;
        if (exponent == 0x1f) {
            return Float.intBitsToFloat(sign | 0x7f800000 | mantissa << 13);
        }
        if (exponent == 0) {
            float magnitude = mantissa * 0x1p-24f;
            return sign == 0 ? magnitude : -magnitude;
        }
        return Float.intBitsToFloat(sign | (exponent + 112) << 23 | mantissa << 13);
    }

    static short floatToFloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        int sign = (bits >>> 16) & 0x8000;
        float magnitude = Math.abs(value);
        if (Float.isNaN(value)) {
            return (short) (sign | 0x7e00);
        }
        if (magnitude >= 65520f) {
            return (short) (sign | 0x7c00);
        }
        if (magnitude < 0x1p-14f) {
            return (short) (sign | (int) Math.rint(magnitude * 0x1p24));
        }
        int rounded = (bits & 0x7fffffff) + 0xfff + ((bits >>> 13) & 1);
        return (short) (sign | (rounded >>> 13) - (112 << 10));
    }

    static float bfloat16ToFloat(short brain) {
        return Float.intBitsToFloat(brain << 16);
    }

    static short floatToBfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) (bits >>> 16 | 0x40);
        }
        return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
    }

    static short doubleToFloat16(double value) {
        return floatToFloat16(roundedToOdd(value));
    }

    static short doubleToBfloat16(double value) {
        return floatToBfloat16(roundedToOdd(value));
    }

    /**
     * A float that rounds to the same 16-bit number as the double does. Two roundings to nearest may end on the wrong
     * side of a tie; if the first one makes the last bit odd whenever it is inexact, no tie can arise.
     */
    private static float roundedToOdd(double value) {
        float nearest = (float) value;
        boolean odd = (Float.floatToRawIntBits(nearest) & 1) == 1;
        if (nearest == value || odd || Double.isNaN(value) || Float.isInfinite(nearest)) {
            return nearest;
        }
        return Math.nextAfter(nearest, value);
    }

    /** Converts as many elements as the target takes, from index 0 on. */
    static void convert(FloatBuffer from, ShortBuffer to, boolean brain) {
        for (int i = 0; i < to.limit(); i++) {
            float value = from.get(i);
            to.put(i, brain ? floatToBfloat16(value) : floatToFloat16(value));
        }
    }

    /** Converts as many elements as the target takes, from index 0 on. */
    static void convert(ShortBuffer from, FloatBuffer to, boolean brain) {
        for (int i = 0; i < to.limit(); i++) {
            short value = from.get(i);
            to.put(i, brain ? bfloat16ToFloat(value) : float16ToFloat(value));
        }
    }
}
