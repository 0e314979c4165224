package dev.rlcm.rewrite.patterns;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.Match;
import dev.rlcm.rewrite.folding.UniformFolding;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * softmax(scale q k^T + mask) v is ATTENTION. The scale may be spread over q, k and the scores as products with, or
 * quotients by, scalars; k may come transposed; masks may be added under other leading axes than those of the product
 * ([B, heads, L, S] amid [B * heads, L, S]), which then become those of the attention. A mask may also be given by a
 * WHERE. PyTorch's guard of rows that a mask leaves nothing of, WHERE(IS_NAN(p), 0, p) of the probabilities p, becomes a
 * WHERE of whole rows of the result.
 */
final class AttentionPattern implements Pattern {
    @Override
    public Optional<Value> match(Value root, Users users) {
        if (!root.is(Op.MATMUL)
                || root.attributes().flag("transA")
                || !softmax(root).is(Op.SOFTMAX)
                || softmax(root).attributes().integer("axis") != root.in(0).rank() - 1) {
            return Optional.empty();
        }
        return Scores.of(softmax(root).in(0)).flatMap(scores -> {
            List<Value> leaves = new ArrayList<>(scores.product().inputs());
            leaves.addAll(scores.masks());
            scores.masks().forEach(mask -> leaves.addAll(mask.inputs())); // of masks that are new, the condition
            leaves.add(root.in(1));
            return fits(root, scores) && users.enclosed(root, leaves)
                    ? Optional.of(attention(root, scores, users))
                    : Optional.empty();
        });
    }

    /** The softmax, behind its guard if there is one. */
    private static Value softmax(Value root) {
        return isGuard(root.in(0)) ? root.in(0).in(2) : root.in(0);
    }

    private static boolean isGuard(Value node) {
        return node.is(Op.WHERE)
                && node.in(0).is(Op.IS_NAN)
                && node.in(0).in(0) == node.in(2)
                && UniformFolding.isUniform(node.in(1), 0);
    }

    /** Whether no operand is broadcast along the leading axes. */
    private static boolean fits(Value root, Scores scores) {
        Shape product = Match.leading(scores.product());
        return Match.leading(scores.product().in(0)).equals(product)
                && Match.leading(scores.product().in(1)).equals(product)
                && Match.leading(root.in(0)).equals(Match.leading(root.in(1)));
    }

    private static Value attention(Value root, Scores scores, Users users) {
        Scaled q = Scaled.strip(scores.product().in(0), users);
        Scaled k = Scaled.strip(scores.product().in(1), users);
        Value keys = scores.product().attributes().flag("transB") ? k.value() : swapped(k.value());
        Value values = root.attributes().flag("transB") ? swapped(root.in(1)) : root.in(1);
        List<Value> operands = new ArrayList<>();
        for (Value matrices : List.of(q.value(), keys, values)) {
            operands.add(under(scores.leading(), matrices));
        }
        Attributes scale = Attributes.of("scale", scores.scale() * q.factor() * k.factor());
        Optional<Value> mask = scores.masks().stream().reduce(Value::add);
        if (mask.isPresent() && isGuard(root.in(0))) {
            return guarded(scale, operands, mask.get(), root).reshape(root.shape());
        }
        mask.ifPresent(operands::add);
        return Value.of(Op.ATTENTION, scale, operands, root.label()).reshape(root.shape());
    }

    /**
     * Zeros in the rows that the mask excludes all of. There the mask is made finite for the attention, so that the
     * gradient, which the WHERE then drops, is no NaN.
     */
    private static Value guarded(Attributes scale, List<Value> operands, Value mask, Value root) {
        double lowest = mask.type() == DataType.FLOAT16 ? -0x1p15 : -0x1p126;
        Value excluded = mask.reduceMax(true, -1).lessOrEqual(mask.like(lowest));
        operands.add(mask.max(mask.like(lowest)));
        Value attention = Value.of(Op.ATTENTION, scale, operands, root.label());
        return excluded.where(attention.like(0), attention);
    }

    private static Value under(Shape leading, Value matrices) {
        return Match.reshaped(matrices, Match.matrices(leading, matrices.dim(-2), matrices.dim(-1)));
    }

    /** The last two axes swapped, by changing the transpose that is there already where possible. */
    private static Value swapped(Value value) {
        int rank = value.rank();
        if (value.is(Op.TRANSPOSE)) {
            int[] perm = value.attributes().ints("perm");
            int last = perm[rank - 1];
            perm[rank - 1] = perm[rank - 2];
            perm[rank - 2] = last;
            return value.in(0).transpose(perm);
        }
        boolean leadingOnly = value.is(Op.RESHAPE)
                && value.in(0).rank() >= 2
                && value.in(0).dim(-1) == value.dim(-1)
                && value.in(0).dim(-2) == value.dim(-2);
        return leadingOnly ? under(Match.leading(value), swapped(value.in(0))) : value.transposed();
    }
}
