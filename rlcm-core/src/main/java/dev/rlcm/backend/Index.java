package dev.rlcm.backend;

import dev.rlcm.graph.Shape;

/** Walks over the elements of row-major tensors. */
final class Index {
    private Index() {}

    /** Called with each element's position and its index along every axis; the array is reused. */
    interface ElementVisitor {
        void visit(int position, int[] index);
    }

    /** Called with each line along an axis: elements {@code start + i * stride} for {@code i < extent}. */
    interface LineVisitor {
        void visit(int line, int start, int stride, int extent);
    }

    static void forEach(Shape shape, ElementVisitor visitor) {
        int[] dims = shape.toArray();
        int[] index = new int[dims.length];
        for (int position = 0; position < shape.size(); position++) {
            visitor.visit(position, index);
            for (int axis = dims.length - 1; axis >= 0 && ++index[axis] == dims[axis]; axis--) {
                index[axis] = 0;
            }
        }
    }

    /** Visits the lines in row-major order of the remaining axes. */
    static void forEachLine(Shape shape, int axis, LineVisitor visitor) {
        int extent = shape.dim(axis);
        int stride = 1;
        for (int i = axis + 1; i < shape.rank(); i++) {
            stride *= shape.dim(i);
        }
        int lines = size(shape, 0, axis) * stride;
        for (int line = 0; line < lines; line++) {
            visitor.visit(line, line / stride * extent * stride + line % stride, stride, extent);
        }
    }

    /** The row-major position of an index. */
    static int position(Shape shape, int[] index) {
        int position = 0;
        for (int axis = 0; axis < index.length; axis++) {
            position = position * shape.dim(axis) + index[axis];
        }
        return position;
    }

    /** Number of elements over the axes from {@code from} to {@code to}, exclusive. */
    static int size(Shape shape, int from, int to) {
        int size = 1;
        for (int axis = from; axis < to; axis++) {
            size *= shape.dim(axis);
        }
        return size;
    }

    /**
     * A given index as a number in {@code [0, extent)}; negative ones count from the end.
     *
     * @throws IndexOutOfBoundsException if it is outside {@code [-extent, extent)}
     */
    static int resolve(long index, int extent) {
        if (index < -extent || index >= extent) {
            throw new IndexOutOfBoundsException("index " + index + " is out of range for extent " + extent);
        }
        return (int) (index < 0 ? index + extent : index);
    }
}
