package dev.rlcm.rewrite.patterns;

import static dev.rlcm.rewrite.patterns.Forms.input;
import static dev.rlcm.rewrite.patterns.Forms.parameter;
import static dev.rlcm.rewrite.patterns.Forms.raised;
import static dev.rlcm.rewrite.patterns.Forms.staysAsItIs;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import java.util.List;
import org.junit.jupiter.api.Test;

class ActivationPatternsTest {
    private static final double TANH_SCALE = Math.sqrt(2 / Math.PI);

    private final Value x = input("x", 2, 5);

    private void isGelu(String approximate, Value exported) {
        Value y = raised(Op.GELU, exported);
        assertThat(y.op()).isEqualTo(Op.GELU);
        assertThat(y.in(0)).isSameAs(x);
        assertThat(y.attributes()).isEqualTo(Attributes.of("approximate", approximate));
    }

    private void isSwish(double alpha, Value exported) {
        Value y = raised(Op.SWISH, exported);
        assertThat(y.op()).isEqualTo(Op.SWISH);
        assertThat(y.in(0)).isSameAs(x);
        assertThat((float) y.attributes().real("alpha")).isEqualTo((float) alpha);
    }

    @Test
    void geluOfErfIsRaisedWhateverTheOrderOfItsFactors() {
        Value gate = x.div(Math.sqrt(2)).erf().add(1);
        isGelu("none", x.mul(gate).mul(0.5));
        isGelu("none", gate.mul(x).mul(0.5));
        isGelu("none", x.mul(0.5).mul(gate));
        isGelu("none", x.mul(gate.mul(0.5)));
        isGelu("none", x.mul(gate).div(2));
        isGelu(
                "none",
                x.like(0.5).mul(x.like(1).add(x.mul(Math.sqrt(0.5)).erf())).mul(x));
        isGelu("none", x.mul(x.div(Math.sqrt(2)).erf().mul(0.5).add(0.5)));
    }

    @Test
    void geluOfTanhIsRaisedHoweverItsCubicIsWritten() {
        Value cubic = x.add(x.pow(3).mul(0.044715)).mul(TANH_SCALE);
        isGelu("tanh", x.mul(0.5).mul(cubic.tanh().add(1)));
        Value factored = x.mul(TANH_SCALE).mul(x.mul(0.044715).mul(x).add(1));
        isGelu("tanh", x.mul(factored.tanh().add(1)).mul(0.5));
    }

    @Test
    void geluOfAProductIsRaised() {
        Value scaled = x.mul(3);
        Value y = raised(
                Op.GELU, scaled.mul(scaled.div(Math.sqrt(2)).erf().add(1)).mul(0.5));
        assertThat(y.in(0)).isSameAs(scaled);
    }

    @Test
    void geluInsideAGatedProductIsRaised() {
        Value gelu = x.mul(x.div(Math.sqrt(2)).erf().add(1)).mul(0.5);
        Value y = raised(Op.GELU, input("hidden", 2, 5).mul(gelu));
        assertThat(y.in(1).op()).isEqualTo(Op.GELU);
    }

    @Test
    void geluInHalfPrecisionToleratesItsRounding() {
        Value half = Value.input("x", DataType.FLOAT16, Shape.of(3));
        Value gelu = half.mul(half.div(Math.sqrt(2)).erf().add(1)).mul(0.5);
        assertThat(RaisePatterns.raise(Graph.of("y", gelu)).output("y").op()).isEqualTo(Op.GELU);
    }

    @Test
    void geluWithAWrongConstantStays() {
        Value gate = x.div(Math.sqrt(2)).erf();
        staysAsItIs(x.mul(gate.add(2)).mul(0.5));
        staysAsItIs(x.mul(x.div(1.5).erf().add(1)).mul(0.5));
        staysAsItIs(
                x.mul(0.5).mul(x.add(x.pow(3).mul(0.05)).mul(TANH_SCALE).tanh().add(1)));
        staysAsItIs(x.mul(0.5)
                .mul(x.add(x.pow(2).mul(0.044715)).mul(TANH_SCALE).tanh().add(1)));
    }

    @Test
    void geluOfTwoDifferentValuesStays() {
        Value other = input("other", 2, 5);
        staysAsItIs(other.mul(x.div(Math.sqrt(2)).erf().add(1)).mul(0.5));
    }

    @Test
    void geluWhoseGateHasAnotherUserStays() {
        Value gate = x.div(Math.sqrt(2)).erf().add(1);
        staysAsItIs(x.mul(gate).mul(0.5), gate);
    }

    @Test
    void siluAndQuickGeluAreSwish() {
        isSwish(1, x.mul(x.sigmoid()));
        isSwish(1, x.sigmoid().mul(x));
        isSwish(1.702, x.mul(x.mul(1.702).sigmoid()));
        isSwish(1.702, x.like(1.702).mul(x).sigmoid().mul(x));
        isSwish(0.5, x.mul(x.div(2).sigmoid()));
    }

    @Test
    void swishKeepsTheLabelOfItsProduct() {
        Value labelled = Value.of(Op.MUL, Attributes.NONE, List.of(x, x.sigmoid()), "/act/Mul");
        assertThat(raised(Op.SWISH, labelled).label()).isEqualTo("/act/Mul");
    }

    @Test
    void sigmoidGatesOfOtherValuesStay() {
        staysAsItIs(x.mul(input("other", 2, 5).sigmoid()));
        staysAsItIs(x.mul(x.add(1).sigmoid()));
        staysAsItIs(x.mul(x.square().sigmoid()));
        staysAsItIs(x.mul(x.mul(parameter(5)).sigmoid()));
    }

    @Test
    void aSigmoidWithAnotherUserStays() {
        Value gate = x.sigmoid();
        staysAsItIs(x.mul(gate), gate);
    }

    @Test
    void aMultipleOfAGeluIsAGeluTimesANumber() {
        Value x = input("x", 2, 3);
        Value twice = x.mul(x.div(Math.sqrt(2)).erf().add(1));
        Value y = raised(Op.GELU, twice);
        assertThat(y.op()).isEqualTo(Op.MUL);
        assertThat(y.in(1).isConstant(2)).isTrue();
    }
}
