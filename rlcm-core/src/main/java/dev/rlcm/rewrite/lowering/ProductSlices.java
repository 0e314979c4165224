package dev.rlcm.rewrite.lowering;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.Match;
import dev.rlcm.rewrite.Rewriter;
import dev.rlcm.rewrite.folding.ConstantFolding;
import java.util.List;
import java.util.Optional;

/**
 * Turns columns of a product into the product with these columns of the matrix, for example the two halves of a gated
 * layer. That saves a pass over the results to take them apart, and one over their gradients to put them together. Stateless
 * and thread-safe.
 */
public final class ProductSlices {
    /** In elements: the slices of a matrix are copies of it, so that only small ones pay for them. */
    private static final long LARGEST_MATRIX = 1 << 20;

    private ProductSlices() {}

    /** The same function with slices along the last axis of x W, or of x W + b, moved to a small constant W. */
    public static Graph push(Graph graph) {
        return Rewriter.rewrite(graph, value -> value.is(Op.SLICE) && isOfColumns(value) ? pushed(value) : value);
    }

    private static boolean isOfColumns(Value slice) {
        int last = slice.rank() - 1;
        return slice.shape().size() > 0
                && slice.rank() > 0
                && slice.attributes().ints("steps")[last] == 1
                && slice.shape().size() / slice.dim(last)
                        == slice.in(0).shape().size() / slice.in(0).dim(last);
    }

    private static Value pushed(Value slice) {
        int last = slice.rank() - 1;
        int start = slice.attributes().ints("starts")[last];
        return columns(slice.in(0), start, start + slice.dim(last)).orElse(slice);
    }

    private static Optional<Value> columns(Value value, int start, int end) {
        if (value.is(Op.MATMUL) && isSmall(value.in(1))) {
            boolean transposed = value.attributes().flag("transB");
            Value part = ConstantFolding.fold(value.in(1).slice(transposed ? 0 : 1, start, end));
            return Optional.of(value.withInputs(List.of(value.in(0), part)));
        }
        if (value.is(Op.ADD)) {
            return Match.bothOrders(value).stream()
                    .filter(operands ->
                            isBias(operands.get(1), value) && operands.get(0).dim(-1) == value.dim(-1))
                    .flatMap(operands -> columns(operands.get(0), start, end).stream()
                            .map(part -> part.add(
                                    ConstantFolding.fold(operands.get(1).slice(0, start, end)))))
                    .findFirst();
        }
        return Optional.empty();
    }

    private static boolean isSmall(Value matrix) {
        return matrix.is(Op.CONSTANT) && matrix.rank() == 2 && matrix.shape().size() <= LARGEST_MATRIX;
    }

    private static boolean isBias(Value summand, Value sum) {
        return summand.is(Op.CONSTANT) && summand.rank() == 1 && summand.dim(0) == sum.dim(-1);
    }
}
