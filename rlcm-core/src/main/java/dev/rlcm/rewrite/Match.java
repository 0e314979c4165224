package dev.rlcm.rewrite;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/** The words that patterns are written in. */
public final class Match {
    private Match() {}

    /** The number that a constant with one element holds. */
    public static OptionalDouble scalar(Value value) {
        boolean scalar = value.is(Op.CONSTANT) && value.shape().size() == 1;
        return scalar ? OptionalDouble.of(value.data().getDouble(0)) : OptionalDouble.empty();
    }

    /** Whether a number read from a tensor of the type is the wanted one up to the type's rounding. */
    public static boolean close(double number, double wanted, DataType type) {
        double tolerance =
                switch (type) {
                    case FLOAT16 -> 1e-3;
                    case BFLOAT16 -> 8e-3;
                    default -> 1e-6;
                };
        return Math.abs(number - wanted) <= tolerance * Math.abs(wanted);
    }

    public static boolean isScalar(Value value, double wanted) {
        OptionalDouble number = scalar(value);
        return number.isPresent() && close(number.getAsDouble(), wanted, value.type());
    }

    /** A binary node's operands, both ways round. */
    public static List<List<Value>> bothOrders(Value binary) {
        return List.of(List.of(binary.in(0), binary.in(1)), List.of(binary.in(1), binary.in(0)));
    }

    /** The [C] vector behind a factor or summand that varies with axis 1 of [B, C, ...] of the rank alone. */
    public static Optional<Value> perChannel(Value parameter, int channels, int rank) {
        int axis = parameter.rank() - (rank - 1);
        boolean fits =
                parameter.shape().size() == channels && (axis == 0 || axis == 1) && parameter.dim(axis) == channels;
        if (!fits) {
            return Optional.empty();
        }
        Shape vector = Shape.of(channels);
        return Optional.of(
                parameter.is(Op.CONSTANT)
                        ? Value.constant(parameter.data().reshape(vector), parameter.label())
                        : reshaped(parameter, vector));
    }

    /** The value under another shape; a reshape that is there already is not stacked upon. */
    public static Value reshaped(Value value, Shape shape) {
        boolean undone = value.is(Op.RESHAPE) && value.in(0).shape().equals(shape);
        return undone ? value.in(0) : value.reshape(shape);
    }

    /** The extents before the last two. */
    public static Shape leading(Value value) {
        return Shape.of(Arrays.copyOf(value.shape().toArray(), value.rank() - 2));
    }

    /** Those extents, then two more. */
    public static Shape matrices(Shape leading, int rows, int columns) {
        int[] dims = Arrays.copyOf(leading.toArray(), leading.rank() + 2);
        dims[leading.rank()] = rows;
        dims[leading.rank() + 1] = columns;
        return Shape.of(dims);
    }
}
