package dev.rlcm.rewrite.folding;

import static dev.rlcm.rewrite.folding.UniformFolding.isUniform;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Operators that change nothing, and pairs of operators that are one. */
final class Identities {
    private Identities() {}

    /** A simpler expression of the same values, type and shape, or the value itself. */
    static Value simplify(Value v) {
        Value candidate = candidate(v);
        boolean same = candidate.type() == v.type() && candidate.shape().equals(v.shape());
        return same && candidate != v ? candidate : UniformFolding.shrink(v);
    }

    /** What the value is but for broadcasting: the caller compares the shapes. */
    private static Value candidate(Value v) {
        return switch (v.op()) {
            case ADD -> isUniform(v.in(0), 0) || isUniform(v.in(1), 0) ? either(v, 0) : Blocks.joined(v);
            case OR -> either(v, 0);
            case MUL, AND -> either(v, 1);
            case SUB -> first(v, isUniform(v.in(1), 0));
            case DIV, POW -> first(v, isUniform(v.in(1), 1));
            case AFTER -> first(v, v.in(1).is(Op.CONSTANT));
            case WHERE -> where(v);
            case CAST, EXPAND, PAD -> v.in(0);
            case SLICE -> first(v, Arrays.stream(v.attributes().ints("steps")).allMatch(step -> step == 1));
            case CONCAT -> first(v, v.inputs().size() == 1);
            case RESHAPE -> reshape(v);
            case TRANSPOSE -> transpose(v);
            default -> v;
        };
    }

    /** The first operand if the operator leaves it alone. */
    private static Value first(Value v, boolean unchanged) {
        return unchanged ? v.in(0) : v;
    }

    /** Either operand if the other one is the operator's neutral element. */
    private static Value either(Value v, double neutral) {
        return isUniform(v.in(0), neutral) && v.in(1).shape().equals(v.shape())
                ? v.in(1)
                : first(v, isUniform(v.in(1), neutral));
    }

    private static Value where(Value v) {
        if (isUniform(v.in(0), 1) || v.in(1) == v.in(2)) {
            return v.in(1);
        }
        return isUniform(v.in(0), 0) ? v.in(2) : v;
    }

    private static Value reshape(Value v) {
        Value source = unshaped(v.in(0));
        if (source == v.in(0) || source.shape().equals(v.shape())) {
            return source;
        }
        return Value.of(Op.RESHAPE, v.attributes(), List.of(source), v.label());
    }

    private static Value unshaped(Value v) {
        Value source = v;
        while (source.is(Op.RESHAPE)) {
            source = source.in(0);
        }
        return source;
    }

    /** y[perm] of x[inner] is x[inner[perm]]; the composition may be no permutation at all. */
    private static Value transpose(Value v) {
        Value source = swappedLast(v.in(0));
        int[] perm = v.attributes().ints("perm");
        if (source.is(Op.TRANSPOSE)) {
            int[] inner = source.attributes().ints("perm");
            perm = Arrays.stream(perm).map(axis -> inner[axis]).toArray();
            source = source.in(0);
        }
        if (Arrays.equals(perm, IntStream.range(0, perm.length).toArray())) {
            return source;
        }
        return source == v.in(0) ? v : Value.of(Op.TRANSPOSE, Attributes.of("perm", perm), List.of(source), v.label());
    }

    /**
     * A reshape of matrices' leading axes after their transpose as one before it, so that transposes meet; others as they
     * are.
     */
    private static Value swappedLast(Value v) {
        if (!v.is(Op.RESHAPE) || !v.in(0).is(Op.TRANSPOSE) || v.rank() < 2) {
            return v;
        }
        Value transpose = v.in(0);
        Value matrices = transpose.in(0);
        int rank = transpose.rank();
        int[] perm = transpose.attributes().ints("perm");
        boolean swapsLast = rank > 1
                && perm[rank - 1] == rank - 2
                && IntStream.range(0, rank - 2).allMatch(i -> perm[i] == i);
        if (!swapsLast || v.dim(-1) != transpose.dim(-1) || v.dim(-2) != transpose.dim(-2)) {
            return v;
        }
        int[] dims = v.shape().toArray();
        dims[v.rank() - 2] = matrices.dim(-2);
        dims[v.rank() - 1] = matrices.dim(-1);
        return unshaped(matrices).reshape(dims).transposed();
    }
}
