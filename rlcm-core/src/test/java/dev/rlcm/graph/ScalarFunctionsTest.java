package dev.rlcm.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.function.DoubleUnaryOperator;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import org.apache.commons.math3.special.Erf;
import org.junit.jupiter.api.Test;

final class ScalarFunctionsTest {
    @Property(tries = 200)
    void theErrorFunctionIsThatOfCommonsMath(@ForAll @DoubleRange(min = -7, max = 7) double x) {
        assertThat(ScalarFunctions.real(Op.ERF, Attributes.NONE).applyAsDouble(x))
                .isCloseTo(Erf.erf(x), within(4e-15));
    }

    @Property(tries = 200)
    void geluIsItsInputTimesTheNormalDistribution(@ForAll @DoubleRange(min = -7, max = 7) double x) {
        DoubleUnaryOperator gelu = ScalarFunctions.real(Op.GELU, Attributes.of("approximate", "none"));
        double expected = x * Erf.erfc(-x / Math.sqrt(2)) / 2;
        assertThat(gelu.applyAsDouble(x)).isCloseTo(expected, within(2e-14));
    }

    @Test
    void theErrorFunctionOfWhatIsNotFinite() {
        DoubleUnaryOperator erf = ScalarFunctions.real(Op.ERF, Attributes.NONE);
        assertThat(erf.applyAsDouble(Double.NaN)).isNaN();
        assertThat(erf.applyAsDouble(Double.POSITIVE_INFINITY)).isEqualTo(1);
        assertThat(erf.applyAsDouble(Double.NEGATIVE_INFINITY)).isEqualTo(-1);
    }

    @Test
    void anOperatorWithoutAFunctionIsRefused() {
        assertThatThrownBy(() -> ScalarFunctions.whole(Op.EXP, Attributes.NONE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("EXP is no function of one element");
    }
}
