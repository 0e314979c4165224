package dev.rlcm.rewrite.lowering;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.List;
import org.junit.jupiter.api.Test;

final class CommonSubexpressionsTest {
    private final Value x = Value.input("x", DataType.FLOAT32, Shape.of(2, 65));

    private static Value merged(Value value) {
        return CommonSubexpressions.merge(Graph.of("y", value)).output("y");
    }

    @Test
    void equalExpressionsBecomeOneObject() {
        Value sum = merged(x.mul(3).exp().add(x.mul(3).exp()));
        assertThat(sum.in(0)).isSameAs(sum.in(1));
    }

    @Test
    void theFirstLabelIsKept() {
        Value a = Value.of(Op.EXP, Attributes.NONE, List.of(x), "a");
        Value b = Value.of(Op.EXP, Attributes.NONE, List.of(x), "b");
        assertThat(merged(a.add(b)).in(1)).isSameAs(a);
    }

    @Test
    void aLabelGivenLaterReachesTheUsersOfTheFirst() {
        Value named = Value.of(Op.EXP, Attributes.NONE, List.of(x), "named");
        Value sum = merged(x.exp().neg().add(named));
        assertThat(sum.in(1).label()).isEqualTo("named");
        assertThat(sum.in(0).in(0)).isSameAs(sum.in(1));
    }

    @Test
    void commutingOperandsMergeInAnyOrderAndOthersDoNot() {
        Value y = x.exp();
        Value sums = merged(x.add(y).mul(y.add(x).neg()));
        assertThat(sums.in(1).in(0)).isSameAs(sums.in(0));
        Value quotients = merged(x.div(y).mul(y.div(x).neg()));
        assertThat(quotients.in(1).in(0)).isNotSameAs(quotients.in(0));
    }

    @Test
    void differentAttributesOrOperandOrderAreDifferent() {
        Value clips = x.clip(0, 1).add(x.clip(0, 2));
        assertThat(merged(clips)).isSameAs(clips);
        Value differences = x.sub(x.exp()).add(x.exp().sub(x));
        assertThat(merged(differences).in(0)).isNotSameAs(merged(differences).in(1));
    }

    @Test
    void smallConstantsMergeByContentAndLargeOnesByIdentity() {
        Value small = Value.constant(TensorData.generate(DataType.FLOAT32, Shape.of(1), i -> 2));
        Value same = Value.constant(TensorData.generate(DataType.FLOAT32, Shape.of(1), i -> 2));
        Value sum = merged(x.mul(small).add(x.mul(same)));
        assertThat(sum.in(0)).isSameAs(sum.in(1));

        TensorData data = TensorData.generate(DataType.FLOAT32, Shape.of(65), i -> i);
        TensorData copy = TensorData.generate(DataType.FLOAT32, Shape.of(65), i -> i);
        Value shared = merged(x.mul(Value.constant(data)).add(x.mul(Value.constant(data))));
        assertThat(shared.in(0)).isSameAs(shared.in(1));
        Value apart = x.mul(Value.constant(data)).add(x.mul(Value.constant(copy)));
        assertThat(merged(apart)).isSameAs(apart);
    }

    @Test
    void constantsOfOtherTypeShapeOrSignOfZeroStayApart() {
        Value one = Value.constant(TensorData.floats(Shape.of(1), 1));
        Value scalar = Value.constant(TensorData.floats(Shape.SCALAR, 1));
        Value shapes = x.mul(one).add(x.mul(scalar));
        assertThat(merged(shapes)).isSameAs(shapes);
        Value zeros = x.div(x.like(0.0)).add(x.div(x.like(-0.0)));
        assertThat(merged(zeros)).isSameAs(zeros);
    }

    @Test
    void mergingTwiceChangesNothingMore() {
        Graph once =
                CommonSubexpressions.merge(Graph.of("y", x.exp().add(x.exp()).mul(x.exp())));
        assertThat(CommonSubexpressions.merge(once)).isEqualTo(once);
    }
}
