package dev.rlcm.onnx.exporter;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Attention without a mask as MultiHeadAttention, whose kernels do without a matrix of scores.
 *
 * @param isWorth which attentions are written so
 * @param joinsHeads whether heads that were split from features, and are joined again, are left to the operator, so that nothing
 *     has to be transposed
 */
record FusedAttention(Predicate<Value> isWorth, boolean joinsHeads) implements Form {
    /** Scores of an attention, 16 MB in single precision, above which it is worth it on a CPU. */
    private static final long MAX_SCORES = 1 << 22;

    /** The same where the values are wide enough for the other kernel's rows: 1 MB. */
    private static final long MAX_SCORES_OF_WIDE = 1 << 18;

    static final FusedAttention OF_LARGE_PLANES = new FusedAttention(FusedAttention::isLarge, false);

    static final FusedAttention OF_HEADS = new FusedAttention(attention -> true, true);

    /** [B,L,H,D] to [B,H,L,D], and back. */
    private static final int[] TURNED = {0, 2, 1, 3};

    private static boolean isLarge(Value attention) {
        long scores =
                attention.shape().size() / attention.dim(-1) * attention.in(1).dim(-2);
        return scores > (attention.dim(-1) < NarrowHeads.WIDE ? MAX_SCORES : MAX_SCORES_OF_WIDE);
    }

    /** A scale of 0 is the operator's word for its default. */
    @Override
    public boolean keeps(Value composite) {
        return composite.is(Op.ATTENTION)
                && composite.attributes().real("scale") != 0
                && composite.inputs().size() == 3
                && composite.shape().size() > 0
                && Form.hasKernels(composite.type())
                && isWorth.test(composite);
    }

    @Override
    public void plan(Graph graph, ExportPlan plan) {
        for (Value value : graph.topologicalOrder()) {
            if (keeps(value)) {
                Optional<List<Value>> heads = joinsHeads ? beforeTurning(value) : Optional.empty();
                heads.ifPresentOrElse(
                        operands -> planHeads(value, operands, plan),
                        () -> plan.write(value, value.inputs(), FusedAttention::ofPlanes));
            }
        }
    }

    /** Every plane of the leading axes as a sample of a single head, so that nothing has to be rearranged. */
    private static void ofPlanes(Emitter e) {
        List<String> planes = new ArrayList<>();
        for (Value matrices : e.value().inputs()) {
            planes.add(e.node("Reshape", List.of(e.name(matrices), e.ints(-1, matrices.dim(-2), matrices.dim(-1)))));
        }
        String result = multiHead(e, planes, 1, e.value());
        e.result("Reshape", List.of(result, e.ints(e.value().shape().toArray())));
    }

    private static String multiHead(Emitter e, List<String> features, int heads, Value attention) {
        return e.contribNode(
                "MultiHeadAttention",
                features,
                OnnxAttributes.integer("num_heads", heads),
                OnnxAttributes.real("scale", attention.attributes()));
    }

    /** Queries, keys and values as [B,L,H,D], if all of them were turned to [B,H,L,D] or [B H,L,D]. */
    private static Optional<List<Value>> beforeTurning(Value attention) {
        List<Value> operands = new ArrayList<>();
        for (Value matrices : attention.inputs()) {
            Value split = isJoined(matrices) ? matrices.in(0) : matrices;
            if (!isTurn(split)) {
                return Optional.empty();
            }
            operands.add(split.in(0));
        }
        boolean alike = Stream.of(0, 2)
                .allMatch(axis ->
                        operands.stream().map(x -> x.dim(axis)).distinct().count() == 1);
        return alike ? Optional.of(operands) : Optional.empty();
    }

    /** Whether it is [B H,L,D] of [B,H,L,D]. */
    private static boolean isJoined(Value matrices) {
        return matrices.is(Op.RESHAPE)
                && matrices.rank() == 3
                && matrices.in(0).rank() == 4
                && matrices.dim(1) == matrices.in(0).dim(2)
                && matrices.dim(2) == matrices.in(0).dim(3);
    }

    private static boolean isTurn(Value value) {
        return value.is(Op.TRANSPOSE) && Arrays.equals(value.attributes().ints("perm"), TURNED);
    }

    /** If the result is turned back, the operator yields that, and the result itself where others need it. */
    private static void planHeads(Value attention, List<Value> operands, ExportPlan plan) {
        int[] split = {
            operands.get(0).dim(0), operands.get(0).dim(1), operands.get(0).dim(2), attention.dim(-1)
        };
        turnedBack(attention, plan, split)
                .ifPresentOrElse(
                        back -> {
                            plan.write(
                                    back,
                                    operands,
                                    e -> e.result("Reshape", List.of(ofHeads(e, operands, attention), e.ints(split))));
                            plan.write(attention, List.of(back), e -> turn(e, e.name(back)));
                        },
                        () -> plan.write(attention, operands, e -> {
                            String joined = ofHeads(e, operands, attention);
                            turn(e, e.node("Reshape", List.of(joined, e.ints(split))));
                        }));
    }

    /** The transpose of the result to [B,L,H,D], if there is one. */
    private static Optional<Value> turnedBack(Value attention, ExportPlan plan, int[] split) {
        int[] heads = {split[0], split[2], split[1], split[3]};
        return plan.users(attention).stream()
                .flatMap(user -> attention.rank() == 3
                                && user.is(Op.RESHAPE)
                                && Arrays.equals(user.shape().toArray(), heads)
                        ? plan.users(user).stream()
                        : Stream.of(user))
                .filter(user -> isTurn(user) && Arrays.equals(user.shape().toArray(), split))
                .findFirst();
    }

    private static String ofHeads(Emitter e, List<Value> operands, Value attention) {
        List<String> features = operands.stream().map(x -> features(e, x)).toList();
        return multiHead(e, features, operands.get(0).dim(2), attention);
    }

    /** [B,L,H D] */
    private static String features(Emitter e, Value split) {
        return e.node(
                "Reshape", List.of(e.name(split), e.ints(split.dim(0), split.dim(1), split.dim(2) * split.dim(3))));
    }

    private static void turn(Emitter e, String split) {
        if (e.value().rank() == 4) {
            e.result("Transpose", List.of(split), OnnxAttributes.ints("perm", TURNED));
        } else {
            String turned = e.node("Transpose", List.of(split), OnnxAttributes.ints("perm", TURNED));
            e.result("Reshape", List.of(turned, e.ints(e.value().shape().toArray())));
        }
    }
}
