package dev.rlcm.graph;

import java.util.Arrays;
import java.util.stream.Collectors;

/** The extents of a tensor; rank 0 is a scalar. Immutable. */
public final class Shape {
    public static final Shape SCALAR = new Shape(new int[0], 1);

    private final int[] dims;
    private final long size;

    private Shape(int[] dims, long size) {
        this.dims = dims;
        this.size = size;
    }

    /**
     * A shape of the given extents.
     *
     * @throws IllegalArgumentException if an extent is negative or the element count overflows
     */
    public static Shape of(int... dims) {
        if (dims.length == 0) {
            return SCALAR;
        }
        long size = 1;
        for (int dim : dims) {
            if (dim < 0) {
                throw new IllegalArgumentException("dimensions must not be negative, got " + Arrays.toString(dims));
            }
            try {
                size = Math.multiplyExact(size, dim);
            } catch (ArithmeticException e) {
                throw new IllegalArgumentException("too many elements in shape " + Arrays.toString(dims), e);
            }
        }
        return new Shape(dims.clone(), size);
    }

    /** A shape from ONNX's 64-bit extents; each must fit in an {@code int}. */
    public static Shape of(long[] dims) {
        int[] narrow = new int[dims.length];
        for (int i = 0; i < dims.length; i++) {
            if (dims[i] != (int) dims[i]) {
                throw new IllegalArgumentException("dimension too large in " + Arrays.toString(dims));
            }
            narrow[i] = (int) dims[i];
        }
        return of(narrow);
    }

    public int rank() {
        return dims.length;
    }

    /** The extent of an axis; negative axes count from the end, as in ONNX. */
    public int dim(int axis) {
        return dims[axis(axis)];
    }

    /**
     * The axis as a number in {@code [0, rank)}.
     *
     * @throws IllegalArgumentException if it is outside {@code [-rank, rank)}
     */
    public int axis(int axis) {
        if (axis < -dims.length || axis >= dims.length) {
            throw new IllegalArgumentException("axis " + axis + " is out of range for shape " + this);
        }
        return axis < 0 ? axis + dims.length : axis;
    }

    /** Number of elements. */
    public long size() {
        return size;
    }

    public int[] toArray() {
        return dims.clone();
    }

    public long[] toLongs() {
        return Arrays.stream(dims).asLongStream().toArray();
    }

    /** This shape with one extent replaced. */
    public Shape with(int axis, int dim) {
        int[] copy = dims.clone();
        copy[axis(axis)] = dim;
        return of(copy);
    }

    /** Row-major strides in elements; those of a scalar are empty. */
    public long[] strides() {
        long[] strides = new long[dims.length];
        long stride = 1;
        for (int i = dims.length - 1; i >= 0; i--) {
            strides[i] = stride;
            stride *= dims[i];
        }
        return strides;
    }

    /**
     * The shape of an elementwise operation on the two, by NumPy's rule: extents are matched from the end and an
     * extent of 1 stretches.
     *
     * @throws IllegalArgumentException if they do not match
     */
    public static Shape broadcast(Shape a, Shape b) {
        int rank = Math.max(a.rank(), b.rank());
        int[] dims = new int[rank];
        for (int i = 1; i <= rank; i++) {
            int x = i <= a.rank() ? a.dims[a.rank() - i] : 1;
            int y = i <= b.rank() ? b.dims[b.rank() - i] : 1;
            if (x != y && x != 1 && y != 1) {
                throw new IllegalArgumentException("shapes " + a + " and " + b + " do not broadcast");
            }
            dims[rank - i] = x == 1 ? y : x;
        }
        return of(dims);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Shape that && Arrays.equals(dims, that.dims);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(dims);
    }

    /** {@code [2,4,64,64]}; a scalar is {@code []}. */
    @Override
    public String toString() {
        return Arrays.stream(dims).mapToObj(Integer::toString).collect(Collectors.joining(",", "[", "]"));
    }
}
