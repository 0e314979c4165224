package dev.rlcm.backend;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.util.Arrays;
import java.util.function.DoubleBinaryOperator;
import java.util.function.LongBinaryOperator;
import java.util.function.ToIntFunction;

/** An intermediate result, row-major: real numbers as doubles; integers, and booleans as 0 and 1, as longs. */
final class Tensor {
    private static final double[] NO_REALS = {};
    private static final long[] NO_WHOLES = {};

    private final Shape shape;
    private final boolean real;
    private final double[] reals;
    private final long[] wholes;

    private Tensor(Shape shape, boolean real, double[] reals, long[] wholes) {
        this.shape = shape;
        this.real = real;
        this.reals = reals;
        this.wholes = wholes;
    }

    /** Wraps the array. */
    static Tensor reals(Shape shape, double[] values) {
        return new Tensor(shape, true, values, NO_WHOLES);
    }

    /** Wraps the array. */
    static Tensor wholes(Shape shape, long[] values) {
        return new Tensor(shape, false, NO_REALS, values);
    }

    static Tensor zeros(boolean real, Shape shape) {
        int size = Math.toIntExact(shape.size());
        return real ? reals(shape, new double[size]) : wholes(shape, new long[size]);
    }

    static Tensor of(TensorData data) {
        return data.type().isFloating() ? reals(data.shape(), data.toDoubles()) : wholes(data.shape(), data.toLongs());
    }

    /** Writes the elements into a tensor of the same size. */
    void writeTo(TensorData data) {
        for (int i = 0; i < size(); i++) {
            if (real) {
                data.setDouble(i, reals[i]);
            } else {
                data.setLong(i, wholes[i]);
            }
        }
    }

    Shape shape() {
        return shape;
    }

    int size() {
        return (int) shape.size();
    }

    boolean isReal() {
        return real;
    }

    /** The shared elements. */
    double[] reals() {
        if (!real) {
            throw new IllegalStateException("expected real numbers, got integers or booleans");
        }
        return reals;
    }

    /** The shared elements. */
    long[] wholes() {
        if (real) {
            throw new IllegalStateException("expected integers or booleans, got real numbers");
        }
        return wholes;
    }

    /** Element i as a double, whatever the kind. */
    double real(int i) {
        return real ? reals[i] : wholes[i];
    }

    Tensor reshape(Shape to) {
        return new Tensor(to, real, reals, wholes);
    }

    Tensor copy() {
        return new Tensor(shape, real, reals.clone(), wholes.clone());
    }

    /** A tensor whose element at each index is this one's at the position that the function returns. */
    Tensor pick(Shape to, ToIntFunction<int[]> source) {
        return pick(to, source, 0);
    }

    /** As {@link #pick(Shape, ToIntFunction)}; a negative position stands for the filler. */
    Tensor pick(Shape to, ToIntFunction<int[]> source, double filler) {
        Tensor result = zeros(real, to);
        Index.forEach(to, (i, index) -> {
            int from = source.applyAsInt(index);
            if (real) {
                result.reals[i] = from < 0 ? filler : reals[from];
            } else {
                result.wholes[i] = from < 0 ? (long) filler : wholes[from];
            }
        });
        return result;
    }

    /** Stores each of the updates at the position here that the function makes of its index there. */
    void put(Tensor updates, ToIntFunction<int[]> target) {
        put(updates, target, (old, update) -> update, (old, update) -> update);
    }

    /** As {@link #put(Tensor, ToIntFunction)}, combining each update with what is there. */
    void put(Tensor updates, ToIntFunction<int[]> target, DoubleBinaryOperator f, LongBinaryOperator g) {
        Index.forEach(updates.shape, (i, index) -> {
            int to = target.applyAsInt(index);
            if (real) {
                reals[to] = f.applyAsDouble(reals[to], updates.reals[i]);
            } else {
                wholes[to] = g.applyAsLong(wholes[to], updates.wholes[i]);
            }
        });
    }

    /** Repeated along axes of extent 1 and new leading axes, by NumPy's rule. */
    Tensor expand(Shape to) {
        if (shape.equals(to)) {
            return this;
        }
        int missing = to.rank() - shape.rank();
        return pick(to, index -> {
            int position = 0;
            for (int axis = 0; axis < shape.rank(); axis++) {
                int extent = shape.dim(axis);
                position = position * extent + (extent == 1 ? 0 : index[axis + missing]);
            }
            return position;
        });
    }

    /** Integers wrapped around to the width of their type, as in the type's own arithmetic. */
    Tensor wrappedTo(DataType type) {
        if (type == DataType.INT64) {
            return this;
        }
        long[] wrapped = Arrays.stream(wholes())
                .map(v -> switch (type) {
                    case INT32 -> (int) v;
                    case INT16 -> (short) v;
                    case INT8 -> (byte) v;
                    case UINT8 -> v & 0xff;
                    default -> throw new IllegalArgumentException("not an integer type: " + type);
                })
                .toArray();
        return wholes(shape, wrapped);
    }
}
