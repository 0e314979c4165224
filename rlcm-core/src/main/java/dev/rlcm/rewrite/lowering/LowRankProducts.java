package dev.rlcm.rewrite.lowering;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.Match;
import dev.rlcm.rewrite.Rewriter;
import java.util.List;
import java.util.Optional;

/**
 * Takes the product with a matrix and that with its low-rank update together: x W + (x P) Q becomes x (W + P Q). Stateless and
 * thread-safe.
 */
public final class LowRankProducts {
    /**
     * One product is cheaper, gradients included, if x W has at most this many times the multiplications of (x P) Q. Measured:
     * thin products reach a quarter of the speed of others.
     */
    private static final int LARGEST_RATIO = 4;

    private LowRankProducts() {}

    /**
     * The same function, up to rounding, with one product in place of three where W is small. Differentiated by P and Q
     * it has one product more than x W has, that of x^T and the gradient, where the factored form has four thin ones.
     */
    public static Graph merge(Graph graph) {
        return Rewriter.rewrite(graph, value -> merged(value).orElse(value));
    }

    private static Optional<Value> merged(Value sum) {
        return sum.is(Op.ADD)
                ? Match.bothOrders(sum).stream()
                        .flatMap(operands -> merged(operands.get(0), operands.get(1)).stream())
                        .findFirst()
                : Optional.empty();
    }

    private static Optional<Value> merged(Value product, Value update) {
        boolean matches = isByMatrix(product)
                && isByMatrix(update)
                && isByMatrix(update.in(0))
                && update.in(0).in(0) == product.in(0)
                && !product.attributes().flag("transB");
        if (!matches || !isSmall(product, update)) {
            return Optional.empty();
        }
        Value down = update.in(0);
        Value change = down.in(1)
                .matmul(
                        update.in(1),
                        down.attributes().flag("transB"),
                        update.attributes().flag("transB"));
        Value whole = product.in(1).add(change);
        return Optional.of(product.withInputs(List.of(product.in(0), whole)));
    }

    private static boolean isByMatrix(Value value) {
        return value.is(Op.MATMUL)
                && !value.attributes().flag("transA")
                && value.in(1).rank() == 2;
    }

    private static boolean isSmall(Value product, Value update) {
        long in = product.in(1).dim(0);
        long out = product.in(1).dim(1);
        long rank = update.in(0).dim(-1);
        return in * out <= LARGEST_RATIO * rank * (in + out);
    }
}
