package dev.rlcm.onnx;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.ConstantFolding;
import dev.rlcm.rewrite.Rewriter;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Splitting features into heads and joining them, [B,L,H,D] to [B,H,L,D] and back, as two transposes of matrices: where D
 * is small, ONNX Runtime's kernel for CPUs takes three to ten times as long to move rows of D numbers. The one of the two
 * that touches heads is left to the products of attention, which take transposed operands.
 */
final class NarrowHeads {
    /** A row of so many numbers is worth moving as a whole. */
    private static final int WIDE = 16;

    private NarrowHeads() {}

    static Graph apply(Graph graph) {
        return Rewriter.rewrite(graph, value -> switch (value.op()) {
            case TRANSPOSE -> isOfHeads(value) ? byMatrices(value) : ConstantFolding.fold(value);
            case RESHAPE -> ConstantFolding.fold(value);
            case MATMUL -> withTransposedOperands(value);
            default -> value;
        });
    }

    private static boolean isOfHeads(Value value) {
        return value.type() == DataType.FLOAT32
                && Arrays.equals(value.attributes().ints("perm"), new int[] {0, 2, 1, 3})
                && value.dim(-1) < WIDE;
    }

    private static Value byMatrices(Value value) {
        Value x = value.in(0);
        int batch = x.dim(0);
        int width = x.dim(3);
        if (x.dim(1) >= x.dim(2)) {
            int length = x.dim(1);
            int heads = x.dim(2);
            return ConstantFolding.fold(x.reshape(batch, length, heads * width))
                    .transposed()
                    .reshape(batch, heads, width, length)
                    .transposed();
        }
        int heads = x.dim(1);
        int length = x.dim(2);
        Value swapped = untransposed(x).orElseGet(x::transposed);
        return ConstantFolding.fold(swapped.reshape(batch, heads * width, length))
                .transposed()
                .reshape(value.shape());
    }

    private static Value withTransposedOperands(Value product) {
        Value first = product.in(0);
        Value second = product.in(1);
        if (first.rank() < 3 || second.rank() < 3) {
            return product;
        }
        Optional<Value> a = untransposed(first);
        Optional<Value> b = untransposed(second);
        Attributes flags = product.attributes();
        Attributes changed = flags.with("transA", flags.flag("transA") ^ a.isPresent())
                .with("transB", flags.flag("transB") ^ b.isPresent());
        return a.isEmpty() && b.isEmpty()
                ? product
                : Value.of(product.op(), changed, List.of(a.orElse(first), b.orElse(second)), product.label());
    }

    /** The value with its last two axes swapped, where that is there already. */
    private static Optional<Value> untransposed(Value value) {
        return switch (value.op()) {
            case TRANSPOSE -> swapsLast(value) ? Optional.of(value.in(0)) : Optional.empty();
            case RESHAPE -> keepsMatrices(value)
                    ? untransposed(value.in(0))
                            .map(x -> x.reshape(Shape.of(swapped(value.shape().toArray()))))
                    : Optional.empty();
            case SLICE -> untransposed(value.in(0)).map(x -> {
                Attributes a = value.attributes();
                return x.slice(swapped(a.ints("starts")), swapped(a.ints("sizes")), swapped(a.ints("steps")));
            });
            case MUL -> value.in(1).rank() == 0
                    ? untransposed(value.in(0)).map(x -> x.mul(value.in(1)))
                    : Optional.empty();
            default -> Optional.empty();
        };
    }

    private static boolean swapsLast(Value transpose) {
        int[] perm = transpose.attributes().ints("perm");
        int[] axes = IntStream.range(0, perm.length).toArray();
        return perm.length > 2 && Arrays.equals(swapped(perm), axes);
    }

    private static boolean keepsMatrices(Value reshape) {
        Value x = reshape.in(0);
        return reshape.rank() > 2 && x.rank() > 2 && reshape.dim(-1) == x.dim(-1) && reshape.dim(-2) == x.dim(-2);
    }

    private static int[] swapped(int[] axes) {
        int[] result = axes.clone();
        int last = axes.length - 1;
        result[last] = axes[last - 1];
        result[last - 1] = axes[last];
        return result;
    }
}
