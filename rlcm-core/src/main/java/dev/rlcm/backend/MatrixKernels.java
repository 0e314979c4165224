package dev.rlcm.backend;

import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Products of matrices, and attention, which is made of them. */
final class MatrixKernels {
    /** From so many multiplications on, ND4J is called. A call takes some 200 microseconds, as long as these in a loop. */
    private static final long WORTH_A_CALL = 1 << 20;

    private MatrixKernels() {}

    static void addTo(Map<Op, Kernel> table) {
        table.put(Op.MATMUL, (y, in) -> {
            Tensor a = y.attributes().flag("transA") ? transposed(in.get(0)) : in.get(0);
            Tensor b = y.attributes().flag("transB") ? transposed(in.get(1)) : in.get(1);
            return product(a, b);
        });
        table.put(Op.ATTENTION, MatrixKernels::attention);
    }

    /** arXiv:1706.03762, equation 1, with a given scale and an added mask. */
    private static Tensor attention(Value y, List<Tensor> in) {
        double scale = y.attributes().real("scale");
        Tensor scores = product(in.get(0), transposed(in.get(1)));
        double[] logits = Arrays.stream(scores.reals()).map(s -> scale * s).toArray();
        if (in.size() == 4) {
            double[] mask = in.get(3).expand(scores.shape()).reals();
            for (int i = 0; i < logits.length; i++) {
                logits[i] += mask[i];
            }
        }
        Tensor probabilities = NormalisationKernels.softmax(
                Tensor.reals(scores.shape(), logits), scores.shape().rank() - 1);
        return product(probabilities, in.get(2));
    }

    private static Tensor transposed(Tensor x) {
        int[] perm = new int[x.shape().rank()];
        Arrays.setAll(perm, i -> i);
        perm[perm.length - 1] = perm.length - 2;
        perm[perm.length - 2] = perm.length - 1;
        return ShapeKernels.transpose(x, perm);
    }

    /** The products of the last two axes' matrices; the axes before them are broadcast. */
    private static Tensor product(Tensor a, Tensor b) {
        int rows = a.shape().dim(-2);
        int inner = a.shape().dim(-1);
        int columns = b.shape().dim(-1);
        Shape batch = Shape.broadcast(leading(a.shape()), leading(b.shape()));
        Tensor left = a.expand(append(batch, rows, inner));
        Tensor right = b.expand(append(batch, inner, columns));
        Tensor result = Tensor.zeros(left.isReal(), append(batch, rows, columns));
        for (int i = 0; i < batch.size(); i++) {
            if (left.isReal()) {
                double[] x = Arrays.copyOfRange(left.reals(), i * rows * inner, (i + 1) * rows * inner);
                double[] y = Arrays.copyOfRange(right.reals(), i * inner * columns, (i + 1) * inner * columns);
                double[] matrix = product(x, y, rows, inner, columns);
                System.arraycopy(matrix, 0, result.reals(), i * rows * columns, matrix.length);
            } else {
                addProduct(left.wholes(), right.wholes(), result.wholes(), i, rows, inner, columns);
            }
        }
        return result;
    }

    /** The product [rows, columns] of two row-major matrices [rows, inner] and [inner, columns]. */
    static double[] product(double[] a, double[] b, int rows, int inner, int columns) {
        if ((long) rows * inner * columns >= WORTH_A_CALL) {
            return nativeProduct(a, b, rows, inner, columns);
        }
        double[] result = new double[rows * columns];
        for (int i = 0; i < rows; i++) {
            for (int k = 0; k < inner; k++) {
                double factor = a[i * inner + k];
                for (int j = 0; j < columns; j++) {
                    result[i * columns + j] += factor * b[k * columns + j];
                }
            }
        }
        return result;
    }

    private static double[] nativeProduct(double[] a, double[] b, int rows, int inner, int columns) {
        try (INDArray left = Nd4j.create(a, new long[] {rows, inner}, 'c');
                INDArray right = Nd4j.create(b, new long[] {inner, columns}, 'c');
                INDArray product = left.mmul(right);
                INDArray rowMajor = product.dup('c')) {
            return rowMajor.data().asDouble();
        } catch (ExceptionInInitializerError | NoClassDefFoundError e) {
            throw new BackendException(
                    "large matrix products need ND4J, which has no backend that works on this class path; add"
                            + " org.nd4j:nd4j-native with the classifier of this platform",
                    e);
        }
    }

    private static void addProduct(long[] a, long[] b, long[] to, int batch, int rows, int inner, int columns) {
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                for (int k = 0; k < inner; k++) {
                    to[(batch * rows + i) * columns + j] +=
                            a[(batch * rows + i) * inner + k] * b[(batch * inner + k) * columns + j];
                }
            }
        }
    }

    private static Shape leading(Shape shape) {
        return Shape.of(Arrays.copyOf(shape.toArray(), shape.rank() - 2));
    }

    private static Shape append(Shape shape, int rows, int columns) {
        int[] dims = Arrays.copyOf(shape.toArray(), shape.rank() + 2);
        dims[shape.rank()] = rows;
        dims[shape.rank() + 1] = columns;
        return Shape.of(dims);
    }
}
