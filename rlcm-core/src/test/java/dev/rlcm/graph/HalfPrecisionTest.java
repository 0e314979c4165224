package dev.rlcm.graph;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import org.junit.jupiter.api.Test;

/** The 16-bit formats by the laws of IEEE 754: every number is itself, and everything else goes to the nearest. */
class HalfPrecisionTest {
    /** The value of a bit pattern by the definition of the format. */
    private static double value(int bits, int exponentBits, int mantissaBits) {
        int sign = bits >> 15 == 0 ? 1 : -1;
        int exponent = (bits >> mantissaBits) & ((1 << exponentBits) - 1);
        int mantissa = bits & ((1 << mantissaBits) - 1);
        int bias = (1 << (exponentBits - 1)) - 1;
        if (exponent == (1 << exponentBits) - 1) {
            return mantissa == 0 ? sign * Double.POSITIVE_INFINITY : Double.NaN;
        }
        double fraction = Math.scalb((double) mantissa, -mantissaBits);
        return sign * (exponent == 0 ? Math.scalb(fraction, 1 - bias) : Math.scalb(1 + fraction, exponent - bias));
    }

    @Test
    void everyBitPatternHasTheValueOfItsDefinition() {
        for (int bits = 0; bits < 1 << 16; bits++) {
            double half = HalfPrecision.float16ToFloat((short) bits);
            double brain = HalfPrecision.bfloat16ToFloat((short) bits);
            assertThat(half).as("float16 %x", bits).isEqualTo(Double.valueOf(value(bits, 5, 10)));
            assertThat(brain).as("bfloat16 %x", bits).isEqualTo(Double.valueOf(value(bits, 8, 7)));
        }
    }

    @Test
    void everyNumberRoundsToItself() {
        for (int bits = 0; bits < 1 << 16; bits++) {
            float half = HalfPrecision.float16ToFloat((short) bits);
            float brain = HalfPrecision.bfloat16ToFloat((short) bits);
            int halfBits = HalfPrecision.floatToFloat16(half) & 0xffff;
            int brainBits = HalfPrecision.floatToBfloat16(brain) & 0xffff;
            assertThat(Float.isNaN(half) ? bits : halfBits).isEqualTo(bits);
            assertThat(Float.isNaN(brain) ? bits : brainBits).isEqualTo(bits);
            assertThat(HalfPrecision.float16ToFloat((short) halfBits)).isEqualTo(Float.valueOf(half));
            assertThat(HalfPrecision.bfloat16ToFloat((short) brainBits)).isEqualTo(Float.valueOf(brain));
        }
    }

    /** Between two neighbours the nearer one is chosen, at the middle the even one: just below, at and above it. */
    @Test
    void betweenNeighboursTheNearerOrEvenOneIsChosen() {
        for (int bits = 0; bits < 0x7bff; bits++) {
            double low = value(bits, 5, 10);
            double middle = (low + value(bits + 1, 5, 10)) / 2;
            assertThat(HalfPrecision.doubleToFloat16(Math.nextDown(middle))).isEqualTo((short) bits);
            assertThat(HalfPrecision.doubleToFloat16(Math.nextUp(middle))).isEqualTo((short) (bits + 1));
            assertThat(HalfPrecision.doubleToFloat16(middle)).isEqualTo((short) (bits + (bits & 1)));
            assertThat(HalfPrecision.floatToFloat16((float) middle)).isEqualTo((short) (bits + (bits & 1)));
        }
        for (int bits = 0x80; bits < 0x7f7f; bits++) {
            double middle = (value(bits, 8, 7) + value(bits + 1, 8, 7)) / 2;
            assertThat(HalfPrecision.doubleToBfloat16(Math.nextDown(middle))).isEqualTo((short) bits);
            assertThat(HalfPrecision.doubleToBfloat16(Math.nextUp(middle))).isEqualTo((short) (bits + 1));
            assertThat(HalfPrecision.doubleToBfloat16(middle)).isEqualTo((short) (bits + (bits & 1)));
        }
    }

    @Property
    void noNumberOfTheFormatIsNearer(@ForAll @DoubleRange(min = -70000, max = 70000) double x) {
        int bits = HalfPrecision.doubleToFloat16(x) & 0xffff;
        if ((bits & 0x7fff) == 0x7c00) {
            assertThat(Math.abs(x)).isGreaterThanOrEqualTo(65520);
            return;
        }
        BigDecimal error = distance(x, bits);
        if ((bits & 0x7fff) != 0) {
            assertThat(error).isLessThanOrEqualTo(distance(x, bits - 1));
        }
        if ((bits & 0x7fff) != 0x7bff) {
            assertThat(error).isLessThanOrEqualTo(distance(x, bits + 1));
        }
    }

    private static BigDecimal distance(double x, int bits) {
        return new BigDecimal(x).subtract(new BigDecimal(value(bits, 5, 10))).abs();
    }

    @Test
    void theEndsOfTheRange() {
        assertThat(HalfPrecision.doubleToFloat16(Math.nextDown(65520.0))).isEqualTo((short) 0x7bff);
        assertThat(HalfPrecision.doubleToFloat16(65520)).isEqualTo((short) 0x7c00);
        assertThat(HalfPrecision.doubleToFloat16(-1e300)).isEqualTo((short) 0xfc00);
        assertThat(HalfPrecision.doubleToFloat16(0x1p-25)).isEqualTo((short) 0);
        assertThat(HalfPrecision.doubleToFloat16(Math.nextUp(0x1p-25))).isEqualTo((short) 1);
        assertThat(HalfPrecision.doubleToFloat16(-0.0)).isEqualTo((short) 0x8000);
        assertThat(HalfPrecision.doubleToFloat16(-1e-300)).isEqualTo((short) 0x8000);
        assertThat(HalfPrecision.doubleToBfloat16(Float.MAX_VALUE)).isEqualTo((short) 0x7f80);
        assertThat(HalfPrecision.doubleToBfloat16(Double.MIN_VALUE)).isEqualTo((short) 0);
        assertThat(HalfPrecision.float16ToFloat(HalfPrecision.doubleToFloat16(Double.NaN)))
                .isNaN();
        assertThat(HalfPrecision.bfloat16ToFloat(HalfPrecision.doubleToBfloat16(Double.NaN)))
                .isNaN();
    }

    @Test
    void aCastTensorHoldsWhatItsElementsConvertTo() {
        Random random = new Random(5);
        double[] draws = random.doubles(64, -300, 300).toArray();
        for (DataType from : DataType.values()) {
            TensorData data = TensorData.generate(from, Shape.of(64), i -> draws[i]);
            for (DataType to : DataType.values()) {
                TensorData expected = from.isFloating()
                        ? TensorData.generate(to, data.shape(), data::getDouble)
                        : TensorData.generate(to, data.shape(), i -> (double) data.getLong(i));
                assertThat(data.cast(to).type()).isEqualTo(to);
                assertThat(data.cast(to).bytes()).as(from + " to " + to).isEqualTo(expected.bytes());
            }
        }
    }
}
