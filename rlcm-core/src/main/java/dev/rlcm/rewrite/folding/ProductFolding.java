package dev.rlcm.rewrite.folding;

import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.Arrays;
import java.util.Map;

/** The product of small matrices; real sums are rounded once, at the end. */
final class ProductFolding {
    /** Multiplications that are done here; a larger product is for a backend's kernels. */
    private static final long LARGEST_WORK = 1 << 18;

    private ProductFolding() {}

    static void addTo(Map<Op, Folder> table) {
        table.put(Op.MATMUL, ProductFolding::product);
    }

    static boolean affordable(Value node) {
        return node.shape().size() * innerExtent(node) <= LARGEST_WORK;
    }

    private static int innerExtent(Value node) {
        return node.in(0).dim(node.attributes().flag("transA") ? -2 : -1);
    }

    /** A loop over [batch..., row, column, inner]. */
    private static TensorData product(Value node) {
        TensorData x = node.in(0).data();
        TensorData y = node.in(1).data();
        int[] dims = Arrays.copyOf(node.shape().toArray(), node.rank() + 1);
        dims[node.rank()] = innerExtent(node);
        int[] to = Arrays.copyOf(StridedLoop.dense(node.shape()), node.rank() + 1); // 0 along the inner axis
        StridedLoop loop = new StridedLoop(Shape.of(dims), to, strides(node, 0), strides(node, 1));
        boolean real = node.type().isFloating();
        double[] sums = new double[real ? (int) node.shape().size() : 0];
        TensorData out = TensorData.zeros(node.type(), node.shape());
        loop.forEachRow(at -> {
            for (int j = 0; j < loop.rowLength(); j++) {
                int o = at[0] + j * loop.rowStride(0);
                int a = at[1] + j * loop.rowStride(1);
                int b = at[2] + j * loop.rowStride(2);
                if (real) {
                    sums[o] += x.getDouble(a) * y.getDouble(b);
                } else {
                    out.setLong(o, out.getLong(o) + x.getLong(a) * y.getLong(b));
                }
            }
        });
        for (int i = 0; i < sums.length; i++) {
            out.setDouble(i, sums[i]);
        }
        return out;
    }

    /** An operand's strides along [batch..., row, column, inner]. */
    private static int[] strides(Value node, int operand) {
        Value matrix = node.in(operand);
        boolean transposed = node.attributes().flag(operand == 0 ? "transA" : "transB");
        int[] own = StridedLoop.dense(matrix.shape());
        int first = own[own.length - (transposed ? 1 : 2)];
        int second = own[own.length - (transposed ? 2 : 1)];
        int axes = node.rank() - 2;
        int[] result = new int[node.rank() + 1];
        for (int i = 1; i <= matrix.rank() - 2; i++) {
            result[axes - i] = matrix.dim(own.length - 2 - i) == 1 ? 0 : own[own.length - 2 - i];
        }
        result[axes] = operand == 0 ? first : 0;
        result[axes + 1] = operand == 0 ? 0 : second;
        result[axes + 2] = operand == 0 ? second : first;
        return result;
    }
}
