package dev.rlcm.rewrite.folding;

import dev.rlcm.graph.Shape;
import java.util.Arrays;

/**
 * A loop nest over several row-major tensors at once, each with its own stride per axis (in elements; zero where it
 * broadcasts, negative where it runs backwards). Axes that all tensors traverse contiguously are merged, so that the
 * innermost loop, a row, is as long as possible.
 */
public final class StridedLoop {
    private final int[] extents;
    private final int[][] strides;

    interface Row {
        /** Called with the position of the row's first element in each tensor; the array is reused. */
        void at(int[] positions);
    }

    StridedLoop(Shape shape, int[]... tensorStrides) {
        int[] merged = new int[Math.max(1, shape.rank())];
        int[][] mergedStrides = new int[tensorStrides.length][merged.length];
        int count = 0;
        for (int axis = 0; axis < shape.rank(); axis++) {
            int extent = shape.dim(axis);
            if (extent == 1) {
                continue;
            }
            boolean continues = count > 0;
            for (int k = 0; k < tensorStrides.length; k++) {
                continues = continues && mergedStrides[k][count - 1] == extent * tensorStrides[k][axis];
            }
            count += continues ? 0 : 1;
            merged[count - 1] = continues ? merged[count - 1] * extent : extent;
            for (int k = 0; k < tensorStrides.length; k++) {
                mergedStrides[k][count - 1] = tensorStrides[k][axis];
            }
        }
        if (count == 0) {
            merged[count++] = 1;
        }
        extents = Arrays.copyOf(merged, count);
        strides = mergedStrides;
    }

    /** Elements of a row. */
    int rowLength() {
        return extents[extents.length - 1];
    }

    /** Distance of a tensor's consecutive elements within a row. */
    int rowStride(int tensor) {
        return strides[tensor][extents.length - 1];
    }

    void forEachRow(Row row) {
        if (Arrays.stream(extents).anyMatch(extent -> extent == 0)) {
            return;
        }
        int[] index = new int[extents.length];
        int[] positions = new int[strides.length];
        int axis;
        do {
            row.at(positions);
            axis = extents.length - 2;
            while (axis >= 0 && index[axis] == extents[axis] - 1) {
                move(positions, axis, -index[axis]);
                index[axis--] = 0;
            }
            if (axis >= 0) {
                index[axis]++;
                move(positions, axis, 1);
            }
        } while (axis >= 0);
    }

    private void move(int[] positions, int axis, int steps) {
        for (int k = 0; k < positions.length; k++) {
            positions[k] += steps * strides[k][axis];
        }
    }

    /** The strides of a dense tensor. */
    public static int[] dense(Shape shape) {
        return Arrays.stream(shape.strides()).mapToInt(stride -> (int) stride).toArray();
    }

    /** The strides with which a dense tensor broadcasts to the target shape. */
    static int[] broadcast(Shape shape, Shape target) {
        int[] own = dense(shape);
        int[] result = new int[target.rank()];
        for (int axis = 0; axis < own.length; axis++) {
            result[target.rank() - own.length + axis] = shape.dim(axis) == 1 ? 0 : own[axis];
        }
        return result;
    }
}
