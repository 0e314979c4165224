package dev.rlcm.rewrite.patterns;

import static dev.rlcm.rewrite.patterns.Forms.filled;
import static dev.rlcm.rewrite.patterns.Forms.input;
import static dev.rlcm.rewrite.patterns.Forms.parameter;
import static dev.rlcm.rewrite.patterns.Forms.raised;
import static dev.rlcm.rewrite.patterns.Forms.staysAsItIs;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import java.util.List;
import org.junit.jupiter.api.Test;

class NormPatternsTest {
    private final Value x = input("x", 2, 3, 4);
    private final Value scale = parameter(4);
    private final Value bias = parameter(4);

    private static Value standardised(Value x, int... axes) {
        Value centred = x.sub(x.mean(true, axes));
        return centred.div(centred.pow(2).mean(true, axes).add(1e-5).sqrt());
    }

    private void isLayerNorm(Value exported, Value... operands) {
        Value y = raised(Op.LAYER_NORM, exported);
        assertThat(y.op()).isEqualTo(Op.LAYER_NORM);
        assertThat(y.inputs()).containsExactly(operands);
        assertThat(y.attributes().integer("axis")).isEqualTo(2);
        assertThat(y.attributes().real("epsilon")).isEqualTo(1e-5, within(1e-12));
    }

    @Test
    void layerNormWithSquareByPowIsRaised() {
        isLayerNorm(standardised(x, 2).mul(scale).add(bias), x, scale, bias);
    }

    @Test
    void layerNormIsRaisedWhateverTheOrderOfOperands() {
        Value centred = x.sub(x.mean(true, 2));
        Value deviation = x.like(1e-5).add(centred.square().mean(true, 2)).sqrt();
        isLayerNorm(bias.add(scale.mul(centred.div(deviation))), x, scale, bias);
    }

    @Test
    void layerNormWithTwoCopiesOfTheCentredValueIsRaised() {
        Value variance = x.sub(x.mean(true, 2)).square().mean(true, 2);
        Value inverse = variance.add(1e-5).sqrt().reciprocal();
        isLayerNorm(inverse.mul(x.sub(x.mean(true, 2))).mul(scale).add(bias), x, scale, bias);
    }

    @Test
    void layerNormWithoutBiasIsRaised() {
        isLayerNorm(standardised(x, 2).mul(scale), x, scale);
    }

    @Test
    void bareLayerNormIsRaisedWithAScaleOfOnes() {
        Value y = raised(Op.LAYER_NORM, standardised(x, 1, 2));
        assertThat(y.attributes().integer("axis")).isEqualTo(1);
        assertThat(y.in(1).shape()).isEqualTo(Shape.of(3, 4));
        assertThat(y.in(1).isConstant(1)).isTrue();
    }

    @Test
    void layerNormKeepsTheLabelOfItsLastNode() {
        Value product = standardised(x, 2).mul(scale);
        Value labelled = Value.of(Op.ADD, Attributes.NONE, List.of(product, bias), "/norm1/Add_1");
        assertThat(raised(Op.LAYER_NORM, labelled).label()).isEqualTo("/norm1/Add_1");
    }

    @Test
    void momentsOverOtherThanTheLastAxesStay() {
        staysAsItIs(standardised(x, 1).mul(scale).add(bias));
    }

    @Test
    void anotherPowerThanTheSquareStays() {
        Value centred = x.sub(x.mean(true, 2));
        staysAsItIs(centred.div(centred.pow(4).mean(true, 2).add(1e-5).sqrt())
                .mul(scale)
                .add(bias));
    }

    @Test
    void aCentredValueWithAnotherUserStays() {
        Value centred = x.sub(x.mean(true, 2));
        Value norm = centred.div(centred.square().mean(true, 2).add(1e-5).sqrt());
        staysAsItIs(norm.mul(scale).add(bias), centred);
    }

    @Test
    void aVarianceAroundAnotherMeanStays() {
        Value other = input("other", 2, 3, 4);
        Value variance = x.sub(other.mean(true, 2)).square().mean(true, 2);
        staysAsItIs(x.sub(x.mean(true, 2)).div(variance.add(1e-5).sqrt()));
    }

    @Test
    void perChannelAffineOfSpatialMomentsIsInstanceNorm() {
        Value image = input("image", 2, 3, 4, 4);
        Value y = raised(
                Op.INSTANCE_NORM,
                standardised(image, 2, 3).mul(parameter(3, 1, 1)).add(parameter(3, 1, 1)));
        assertThat(y.op()).isEqualTo(Op.INSTANCE_NORM);
        assertThat(y.in(0)).isSameAs(image);
        assertThat(y.in(1).shape()).isEqualTo(Shape.of(3));
    }

    private static Value groups(Value image, Value ones, int... split) {
        Attributes epsilon = Attributes.of("epsilon", 1e-6);
        return Value.of(Op.INSTANCE_NORM, epsilon, image.reshape(split), ones, filled(0, 2));
    }

    @Test
    void instanceNormOfReshapedGroupsIsGroupNorm() {
        Value image = input("image", 2, 6, 4, 4);
        for (int[] split : new int[][] {{2, 2, 48}, {2, 2, 3, 4, 4}}) {
            Value normal = groups(image, filled(1, 2), split).reshape(image.shape());
            Value y = raised(Op.GROUP_NORM, parameter(6, 1, 1).add(normal.mul(parameter(1, 6, 1, 1))));
            assertThat(y.op()).isEqualTo(Op.GROUP_NORM);
            assertThat(y.in(0)).isSameAs(image);
            assertThat(y.attributes()).isEqualTo(Attributes.of("epsilon", 1e-6).with("groups", 2));
            assertThat(y.in(1).data().toFloats())
                    .containsExactly(parameter(6).data().toFloats());
        }
    }

    @Test
    void groupNormOfFlattenedPositionsIsRaised() {
        Value image = input("image", 2, 6, 4, 4);
        Value normal = groups(image, filled(1, 2), 2, 2, 48).reshape(2, 6, 16);
        Value y = raised(Op.GROUP_NORM, normal.mul(parameter(6, 1)).add(parameter(6, 1)));
        assertThat(y.shape()).isEqualTo(Shape.of(2, 6, 16));
        assertThat(y.in(0).in(0)).isSameAs(image);
    }

    @Test
    void groupNormOfParametersThatAreNotConstantIsRaised() {
        Value image = input("image", 2, 6, 4, 4);
        Value gain = input("gain", 6);
        Value normal = groups(image, filled(1, 2), 2, 2, 48).reshape(image.shape());
        Value y = raised(Op.GROUP_NORM, normal.mul(gain.reshape(6, 1, 1)).add(input("shift", 1, 6, 1, 1)));
        assertThat(y.in(1)).isSameAs(gain);
    }

    @Test
    void instanceNormOfScaledGroupsStays() {
        Value image = input("image", 2, 6, 4, 4);
        Value normal = groups(image, filled(1.5, 2), 2, 2, 48).reshape(image.shape());
        staysAsItIs(normal.mul(parameter(6, 1, 1)).add(parameter(6, 1, 1)));
    }

    @Test
    void groupNormWithAnAffineMapOfAnotherAxisStays() {
        Value image = input("image", 2, 6, 4, 6);
        Value normal = groups(image, filled(1, 2), 2, 2, 72).reshape(image.shape());
        staysAsItIs(normal.mul(parameter(1, 1, 6)).add(parameter(1, 1, 6)));
    }

    @Test
    void groupNormWhoseInnerResultHasAnotherUserStays() {
        Value image = input("image", 2, 6, 4, 4);
        Value normal = groups(image, filled(1, 2), 2, 2, 48).reshape(image.shape());
        staysAsItIs(normal.mul(parameter(6, 1, 1)).add(parameter(6, 1, 1)), normal);
    }
}
