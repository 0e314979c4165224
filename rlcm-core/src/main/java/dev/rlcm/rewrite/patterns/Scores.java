package dev.rlcm.rewrite.patterns;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.Match;
import dev.rlcm.rewrite.folding.UniformFolding;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Stream;

/**
 * Attention scores before the softmax: scale * product + masks, possibly reshaped on the way.
 *
 * @param product the MATMUL of queries and keys
 * @param masks what is added, in order
 * @param leading the leading extents that the masks broadcast to, or those of the product if there is none
 */
record Scores(Value product, double scale, List<Value> masks, Shape leading) {
    static Optional<Scores> of(Value node) {
        return switch (node.op()) {
            case MATMUL -> node.attributes().flag("transA")
                    ? Optional.empty()
                    : Optional.of(new Scores(node, 1, List.of(), Match.leading(node)));
            case MUL, DIV -> Scaled.step(node).flatMap(Scores::scaled);
            case ADD -> masked(node);
            case WHERE -> selected(node);
            case RESHAPE -> reshaped(node);
            default -> Optional.empty();
        };
    }

    private static Optional<Scores> scaled(Scaled scaled) {
        return of(scaled.value())
                .filter(inner -> inner.masks.isEmpty())
                .map(inner -> new Scores(inner.product, inner.scale * scaled.factor(), inner.masks, inner.leading));
    }

    private static Optional<Scores> masked(Value sum) {
        for (List<Value> operands : Match.bothOrders(sum)) {
            Value scores = operands.get(0);
            Optional<Scores> inner = scores.shape().equals(sum.shape()) ? of(scores) : Optional.empty();
            if (inner.isPresent()) {
                return inner.flatMap(found -> found.plus(operands.get(1), Match.leading(sum)));
            }
        }
        return Optional.empty();
    }

    /**
     * WHERE(c, scores, m), or the other way round, is scores + WHERE(c, 0, m) if m outweighs all scores.
     * Where c excludes a whole row, both are uniform, since the sum rounds to m.
     */
    private static Optional<Scores> selected(Value choice) {
        for (int kept = 1; kept <= 2; kept++) {
            Value scores = choice.in(kept);
            Value excluded = UniformFolding.source(choice.in(3 - kept));
            OptionalDouble number = Match.scalar(excluded);
            boolean masks = number.isPresent() && number.getAsDouble() <= negligible(scores.type());
            Optional<Scores> inner = masks && scores.shape().equals(choice.shape()) ? of(scores) : Optional.empty();
            if (inner.isPresent()) {
                Value low = scores.like(number.getAsDouble());
                Value zero = scores.like(0);
                Value mask =
                        kept == 1 ? choice.in(0).where(zero, low) : choice.in(0).where(low, zero);
                return inner.flatMap(found -> found.plus(mask, Match.leading(choice)));
            }
        }
        return Optional.empty();
    }

    private static double negligible(DataType type) {
        return type == DataType.FLOAT16 ? -1e4 : -1e9;
    }

    private Optional<Scores> plus(Value mask, Shape leadingOfMask) {
        if (!masks.isEmpty() && !leading.equals(leadingOfMask)) {
            return Optional.empty();
        }
        List<Value> all = Stream.concat(masks.stream(), Stream.of(mask)).toList();
        return Optional.of(new Scores(product, scale, all, leadingOfMask));
    }

    /** A reshape of the leading axes only. */
    private static Optional<Scores> reshaped(Value node) {
        Value inner = node.in(0);
        boolean leadingOnly =
                node.rank() >= 2 && inner.rank() >= 2 && node.dim(-1) == inner.dim(-1) && node.dim(-2) == inner.dim(-2);
        return leadingOnly ? of(inner) : Optional.empty();
    }
}
