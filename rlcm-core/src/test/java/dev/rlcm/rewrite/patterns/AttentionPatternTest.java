package dev.rlcm.rewrite.patterns;

import static dev.rlcm.rewrite.patterns.Forms.input;
import static dev.rlcm.rewrite.patterns.Forms.parameter;
import static dev.rlcm.rewrite.patterns.Forms.raised;
import static dev.rlcm.rewrite.patterns.Forms.staysAsItIs;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.autodiff.Gradients;
import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.SameFunction;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Batch 2, 3 heads, 4 queries, 5 keys, head width 6. */
class AttentionPatternTest {
    private static final double SCALE = 1 / Math.sqrt(6);

    private final Value q = input("q", 2, 3, 4, 6);
    private final Value k = input("k", 2, 3, 5, 6);
    private final Value v = input("v", 2, 3, 5, 6);
    private final Value mask = input("mask", 2, 1, 1, 5);

    /** [B, L, heads * D] to [B, heads, L, D]. */
    private static Value heads(Value projection) {
        return projection.reshape(projection.dim(0), projection.dim(1), 3, 6).transpose(0, 2, 1, 3);
    }

    /** [B, L, heads * D] to [B * heads, L, D]. */
    private static Value merged(Value projection) {
        return heads(projection).reshape(3 * projection.dim(0), projection.dim(1), 6);
    }

    private static Value isAttention(double scale, Value exported, Value... operands) {
        Value y = raised(Op.ATTENTION, exported);
        assertThat(y.op()).isEqualTo(Op.ATTENTION);
        assertThat(y.attributes().real("scale")).isEqualTo(scale, within(1e-6));
        assertThat(y.inputs()).containsExactly(operands);
        return y;
    }

    @Test
    void scoresTimesScaleAreRaised() {
        Value scores = q.matmul(k.transposed()).mul(SCALE);
        isAttention(SCALE, scores.softmax(-1).matmul(v), q, k, v);
    }

    @Test
    void transposedProductIsRaised() {
        isAttention(1, q.matmul(k, false, true).softmax(-1).matmul(v), q, k, v);
        isAttention(1, q.matmul(k, false, true).softmax(-1).matmul(v.transposed(), false, true), q, k, v);
    }

    @Test
    void oneScaleOnEachOfQueriesAndKeysMultiplies() {
        double root = Math.sqrt(SCALE);
        Value scores = q.mul(root).matmul(k.transposed().mul(root));
        isAttention(SCALE, scores.softmax(-1).matmul(v), q, k, v);
    }

    @Test
    void scaleAsAQuotientAndAMaskOnEitherSideAreRaised() {
        Value scores = q.matmul(k.transposed()).div(Math.sqrt(6));
        isAttention(SCALE, scores.add(mask).softmax(-1).matmul(v), q, k, v, mask);
        isAttention(SCALE, mask.add(scores).softmax(-1).matmul(v), q, k, v, mask);
    }

    @Test
    void mergedHeadsLeaveNoTransposeOfTheKeys() {
        Value x = input("x", 2, 4, 18);
        Value context = input("context", 2, 5, 18);
        Value keys = merged(context);
        Value queries = merged(x);
        Value values = merged(context.neg());
        Value scores = queries.matmul(keys.transposed()).mul(SCALE);
        isAttention(SCALE, scores.softmax(-1).matmul(values), queries, keys, values);
    }

    @Test
    void theTransposeThatSplitsTheHeadsIsMergedWithThatOfTheKeys() {
        Value context = input("context", 2, 5, 3, 6);
        Value scores = q.matmul(context.transpose(0, 2, 3, 1)).mul(SCALE);
        Value y = raised(Op.ATTENTION, scores.softmax(-1).matmul(v));
        assertThat(y.in(1).attributes()).isEqualTo(Attributes.of("perm", new int[] {0, 2, 1, 3}));
        assertThat(y.in(1).in(0)).isSameAs(context);
    }

    @Test
    void keysThatArriveTransposedAreTransposedBack() {
        Value columns = input("columns", 2, 3, 6, 5);
        Value y = raised(Op.ATTENTION, q.matmul(columns).softmax(-1).matmul(v));
        assertThat(y.in(1).op()).isEqualTo(Op.TRANSPOSE);
        Value reshaped = input("rows", 6, 5, 6).transposed().reshape(2, 3, 6, 5);
        assertThat(raised(Op.ATTENTION, q.matmul(reshaped).softmax(-1).matmul(v))
                        .in(1)
                        .op())
                .isEqualTo(Op.RESHAPE);
    }

    @Test
    void aMaskAmidMergedHeadsSplitsThemAgain() {
        Value x = input("x", 2, 4, 18);
        Value causal = input("causal", 2, 1, 4, 4);
        Value scores = merged(x.mul(SCALE)).matmul(merged(x.neg()).transposed());
        Value masked = scores.reshape(2, 3, 4, 4).add(causal).reshape(6, 4, 4);
        Value y = raised(Op.ATTENTION, masked.softmax(-1).matmul(merged(x)));
        Value attention = y.in(0);
        assertThat(attention.op()).isEqualTo(Op.ATTENTION);
        assertThat(attention.shape()).isEqualTo(Shape.of(2, 3, 4, 6));
        assertThat(attention.attributes().real("scale")).isEqualTo(SCALE, within(1e-6));
        assertThat(attention.inputs().subList(0, 3)).allMatch(operand -> operand.is(Op.TRANSPOSE));
        assertThat(attention.in(3)).isSameAs(causal);
    }

    @Test
    void severalMasksAreSummed() {
        Value causal = input("causal", 4, 5);
        Value scores = q.matmul(k.transposed()).add(causal).add(mask);
        Value y = raised(Op.ATTENTION, scores.softmax(-1).matmul(v));
        assertThat(y.in(3).op()).isEqualTo(Op.ADD);
        assertThat(y.in(3).inputs()).containsExactly(causal, mask);
    }

    @Test
    void aScaleThatOthersSeeStaysOnTheQueries() {
        Value scaled = q.mul(SCALE);
        Value attended = scaled.matmul(k.transposed()).softmax(-1).matmul(v);
        Value y = raised(Op.ATTENTION, attended.add(scaled));
        assertThat(y.in(0).attributes().real("scale")).isEqualTo(1);
        assertThat(y.in(0).in(0)).isSameAs(scaled);
    }

    @Test
    void theLabelIsThatOfTheLastProduct() {
        Value probabilities = q.matmul(k.transposed()).softmax(-1);
        Attributes flags = Attributes.of("transA", false, "transB", false);
        Value product = Value.of(Op.MATMUL, flags, List.of(probabilities, v), "/attn1/MatMul_1");
        assertThat(raised(Op.ATTENTION, product).label()).isEqualTo("/attn1/MatMul_1");
    }

    @Test
    void softmaxOverAnotherAxisStays() {
        staysAsItIs(q.matmul(k.transposed()).softmax(-2).matmul(v));
    }

    @Test
    void scoresOrProbabilitiesWithAnotherUserStay() {
        Value scores = q.matmul(k.transposed());
        Value probabilities = scores.softmax(-1);
        staysAsItIs(probabilities.matmul(v), probabilities);
        staysAsItIs(probabilities.matmul(v), scores);
    }

    @Test
    void aScaleThatIsNoScalarStays() {
        staysAsItIs(q.matmul(k.transposed()).mul(parameter(5)).softmax(-1).matmul(v));
    }

    @Test
    void aScaleAppliedToTheMaskTooStays() {
        staysAsItIs(q.matmul(k.transposed()).add(mask).mul(SCALE).softmax(-1).matmul(v));
    }

    @Test
    void headsThatShareTheirKeysStay() {
        Value shared = input("shared", 5, 6);
        staysAsItIs(q.matmul(shared.transposed()).softmax(-1).matmul(v));
        staysAsItIs(q.matmul(k.transposed()).softmax(-1).matmul(shared));
    }

    /** A mask that excludes all keys of the first batch and one of the second. */
    private static Value excluding(double number) {
        return Value.constant(
                TensorData.generate(DataType.FLOAT32, Shape.of(2, 1, 1, 5), i -> i < 5 || i == 7 ? number : 0));
    }

    @Test
    void guardedSoftmaxIsZeroWhereAllKeysAreExcludedAndHasAFiniteGradient() {
        Value probabilities = q.matmul(k.transposed())
                .add(excluding(Double.NEGATIVE_INFINITY))
                .softmax(-1);
        Value guarded = probabilities.unary(Op.IS_NAN).where(probabilities.like(0), probabilities);
        Graph raised = RaisePatterns.raise(Graph.of("y", guarded.matmul(v)));
        SameFunction.check(Graph.of("y", guarded.matmul(v)), raised, 1e-5);
        assertThat(raised.topologicalOrder()).noneMatch(x -> x.is(Op.SOFTMAX));
        Value loss = raised.output("y").sum();
        Graph gradients =
                Graph.of("dq", Gradients.of(loss, List.of(raised.input("q"))).get(0));
        Map<String, TensorData> feeds = Map.of(
                "q", TensorData.generate(DataType.FLOAT32, q.shape(), Math::sin),
                "k", TensorData.generate(DataType.FLOAT32, k.shape(), Math::cos),
                "v", TensorData.generate(DataType.FLOAT32, v.shape(), i -> Math.sin(3 * i)));
        try (ReferenceBackend backend = new ReferenceBackend()) {
            double[] gradient = backend.compile(gradients).run(feeds).get("dq").toDoubles();
            assertThat(gradient).doesNotContain(Double.NaN);
            assertThat(Arrays.copyOf(gradient, gradient.length / 2)).containsOnly(0);
        }
    }

    @Test
    void scoresFilledWithALowNumberAreRaised() {
        Value seen = excluding(1).equal(q.like(0));
        Value other = input("other", 2, 3, 5, 6);
        Value scores = q.matmul(k.transposed()).mul(SCALE);
        Value filled = seen.where(scores, q.like(Double.NEGATIVE_INFINITY));
        Value both = seen.where(input("p", 2, 1, 1, 5), q.like(0))
                .sum()
                .add(filled.softmax(-1).matmul(v));
        assertThat(RaisePatterns.raise(Graph.of("y", both)).topologicalOrder()).noneMatch(x -> x.is(Op.SOFTMAX));
        Value high = seen.where(scores, q.like(-5)).softmax(-1).matmul(other);
        staysAsItIs(high);
    }
}
