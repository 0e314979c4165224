package dev.rlcm.onnx.memory;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import java.util.List;

/**
 * One kernel call of a session, as far as memory is concerned.
 *
 * @param operands what it reads, one entry per use
 * @param result what it yields
 * @param form whether the result needs a buffer
 * @param scratch bytes that the kernel itself needs while it runs
 */
record SessionStep(List<Slot> operands, Slot result, Form form, long scratch) {
    /** How a kernel's result relates to its first operand. */
    enum Form {
        /** A view of it. */
        ALIAS,
        /** In its place, if no later node reads it. */
        IN_PLACE,
        /** In a buffer of its own. */
        OWN
    }

    SessionStep {
        operands = List.copyOf(operands);
    }

    /** Something with bytes; equal only to itself. */
    static final class Slot {
        final DataType type;
        final Shape shape;
        /** Inputs, weights and outputs live in memory that is not the session's. */
        final boolean foreign;

        Slot(DataType type, Shape shape, boolean foreign) {
            this.type = type;
            this.shape = shape;
            this.foreign = foreign;
        }

        long bytes() {
            return shape.size() * type.bytes();
        }

        /** What ONNX Runtime requires of a buffer to use it again: the same shape and width. */
        boolean replaces(Slot other) {
            return type.bytes() == other.type.bytes() && shape.equals(other.shape);
        }
    }
}
