package dev.rlcm.onnx.exporter;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.Rewriter;
import dev.rlcm.rewrite.folding.ConstantFolding;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Splitting features into heads and joining them, [B,L,H,D] to [B,H,L,D] and back, as two transposes of matrices. Where D
 * is small, ONNX Runtime's kernel for CPUs takes three to ten times as long to move rows of D numbers. One of the two
 * transposes touches the heads; the products of attention, which take transposed operands, do it in passing.
 */
final class NarrowHeads {
    /** A row of so many numbers is worth moving as a whole. */
    static final int WIDE = 16;

    /** What was turned once serves all users. */
    private final Map<Value, Value> turned = new IdentityHashMap<>();

    private NarrowHeads() {}

    static Graph apply(Graph graph) {
        Graph moved = Rewriter.rewrite(graph, new NarrowHeads()::moved);
        return Rewriter.rewrite(moved, value -> value.is(Op.RESHAPE) ? ConstantFolding.fold(value) : value);
    }

    private Value moved(Value value) {
        return switch (value.op()) {
            case TRANSPOSE -> isOfHeads(value)
                    ? byMatrices(value)
                    : swapsLast(value) ? swapped(value.in(0)) : ConstantFolding.fold(value);
            case RESHAPE -> ConstantFolding.fold(value);
            case MATMUL -> withTransposedOperands(value);
            case REDUCE_SUM -> sumOfProducts(value);
            default -> value;
        };
    }

    private static boolean isOfHeads(Value value) {
        return value.type() == DataType.FLOAT32
                && Arrays.equals(value.attributes().ints("perm"), new int[] {0, 2, 1, 3})
                && value.dim(-1) < WIDE;
    }

    private Value byMatrices(Value value) {
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
        return ConstantFolding.fold(swapped(x).reshape(batch, heads * width, length))
                .transposed()
                .reshape(value.shape());
    }

    private Value withTransposedOperands(Value product) {
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

    /** The sum of a b along the last axis, which is short, computed on the transposes along the other axis. */
    private Value sumOfProducts(Value sum) {
        Value product = sum.in(0);
        int last = product.rank() - 1;
        if (!Arrays.equals(sum.attributes().ints("axes"), new int[] {last})
                || !product.is(Op.MUL)
                || !product.in(0).shape().equals(product.in(1).shape())) {
            return sum;
        }
        if (product.inputs().stream().allMatch(factor -> untransposed(factor).isEmpty())) {
            return sum;
        }
        return swapped(product.in(0))
                .mul(swapped(product.in(1)))
                .sum(true, last - 1)
                .reshape(sum.shape());
    }

    /** The value with its last two axes swapped, by a transpose of as few axes as there are. */
    private Value swapped(Value value) {
        return untransposed(value)
                .orElseGet(() -> value.is(Op.RESHAPE) && keepsMatrices(value)
                        ? swapped(value.in(0))
                                .reshape(Shape.of(swapped(value.shape().toArray())))
                        : ConstantFolding.fold(value.transposed()));
    }

    /** The value with its last two axes swapped, if the graph has it already. */
    private Optional<Value> untransposed(Value value) {
        if (!turned.containsKey(value)) {
            find(value).ifPresent(found -> turned.put(value, found));
        }
        return Optional.ofNullable(turned.get(value));
    }

    private Optional<Value> find(Value value) {
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
            case CONCAT -> untransposedParts(value);
            default -> Optional.empty();
        };
    }

    private Optional<Value> untransposedParts(Value concat) {
        List<Optional<Value>> parts = concat.inputs().stream()
                .map(part -> isVector(part)
                        ? Optional.of(part.reshape(Shape.of(swapped(part.shape().toArray()))))
                        : untransposed(part))
                .toList();
        boolean all = concat.inputs().stream().anyMatch(part -> !isVector(part))
                && parts.stream().allMatch(Optional::isPresent);
        int[] axes = swapped(IntStream.range(0, concat.rank()).toArray());
        return all
                ? Optional.of(Value.concat(
                        axes[concat.attributes().integer("axis")],
                        parts.stream().map(Optional::get).toList()))
                : Optional.empty();
    }

    /** Whether a matrix has one row or column only, which can be reshaped into the other. */
    private static boolean isVector(Value value) {
        return value.rank() > 2 && (value.dim(-1) == 1 || value.dim(-2) == 1);
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
