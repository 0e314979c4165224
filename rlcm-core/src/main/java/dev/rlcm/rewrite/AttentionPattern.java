package dev.rlcm.rewrite;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * softmax(scale q k^T + mask) v is ATTENTION. The scale may be spread over q, k and the scores as products with, or
 * quotients by, scalars; k may come transposed; masks may be added under other leading axes than those of the product
 * ([B, heads, L, S] amid [B * heads, L, S]), which then become those of the attention.
 */
final class AttentionPattern implements Pattern {
    @Override
    public Optional<Value> match(Value root, Users users) {
        if (!root.is(Op.MATMUL)
                || root.attributes().flag("transA")
                || !root.in(0).is(Op.SOFTMAX)
                || root.in(0).attributes().integer("axis") != root.in(0).rank() - 1) {
            return Optional.empty();
        }
        return Scores.of(root.in(0).in(0)).flatMap(scores -> {
            List<Value> leaves = new ArrayList<>(scores.product().inputs());
            leaves.addAll(scores.masks());
            leaves.add(root.in(1));
            return fits(root, scores) && users.enclosed(root, leaves)
                    ? Optional.of(attention(root, scores, users))
                    : Optional.empty();
        });
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
        scores.masks().stream().reduce(Value::add).ifPresent(operands::add);
        Attributes scale = Attributes.of("scale", scores.scale() * q.factor() * k.factor());
        Value attention = Value.of(Op.ATTENTION, scale, operands, root.label());
        return attention.reshape(root.shape());
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
