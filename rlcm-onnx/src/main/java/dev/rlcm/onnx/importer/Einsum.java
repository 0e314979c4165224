package dev.rlcm.onnx.importer;

import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Einstein summation as transposes, reshapes and matrix products, operand by operand from the left. Every letter is an
 * axis; an ellipsis stands for as many axes as the operand has left over.
 */
final class Einsum {
    /** Ellipsis axes are named by characters that an equation cannot contain, the last axis first. */
    private static final char FIRST_ELLIPSIS = '\u0100';

    private record Term(Value value, String axes) {
        int extent(char axis) {
            return value.dim(axes.indexOf(axis));
        }

        boolean has(char axis) {
            return axes.indexOf(axis) >= 0;
        }

        /** The same elements with the axes in that order. */
        Term ordered(String order) {
            int[] perm = order.chars().map(axes::indexOf).toArray();
            return new Term(value.transpose(perm), order);
        }

        Term summed(String gone) {
            if (gone.isEmpty()) {
                return this;
            }
            int[] summed = gone.chars().map(axes::indexOf).toArray();
            return new Term(value.sum(false, summed), without(axes, gone));
        }
    }

    private Einsum() {}

    static Value of(String equation, List<Value> operands, OnnxNode node) {
        String[] sides = equation.replace(" ", "").split("->", -1);
        String[] inputs = sides[0].split(",", -1);
        if (inputs.length != operands.size() || sides.length > 2) {
            throw new GraphException("equation '" + equation + "' does not fit " + operands.size() + " operands");
        }
        List<Term> terms = new ArrayList<>();
        int ellipsis = 0;
        for (int i = 0; i < inputs.length; i++) {
            Value operand = operands.get(i);
            int extra = inputs[i].contains("...") ? operand.rank() - (inputs[i].length() - 3) : 0;
            ellipsis = Math.max(ellipsis, extra);
            String axes = expand(inputs[i], extra);
            if (axes.length() != operand.rank()) {
                throw new GraphException(
                        "equation '" + equation + "' does not fit operand " + i + " of shape " + operand.shape());
            }
            terms.add(diagonal(new Term(operand, axes)));
        }
        String output = sides.length == 2 ? expand(sides[1], ellipsis) : implicit(terms, ellipsis);
        Term result = terms.get(0);
        for (int i = 1; i < terms.size(); i++) {
            StringBuilder later = new StringBuilder(output);
            terms.subList(i + 1, terms.size()).forEach(t -> later.append(t.axes()));
            result = contract(result, terms.get(i), later.toString(), node);
        }
        result = result.summed(without(result.axes(), output));
        if (result.axes().length() != output.length()) {
            throw new GraphException("equation '" + equation + "' has output axes that no operand has");
        }
        return result.ordered(output).value();
    }

    /** Axes of the same name become one, along which their indices are equal. */
    private static Term diagonal(Term term) {
        Term result = term;
        for (int i = 0; i < result.axes().length(); i++) {
            char axis = result.axes().charAt(i);
            int second = result.axes().indexOf(axis, i + 1);
            while (second >= 0) {
                int extent = result.value().dim(i);
                if (result.value().dim(second) != extent) {
                    throw new GraphException("axis " + axis + " has different extents in "
                            + result.value().shape());
                }
                result = diagonal(result, i, second, extent);
                second = result.axes().indexOf(axis, i + 1);
            }
        }
        return result;
    }

    /** Both axes moved to the front and merged. Every (extent + 1)st element of the merged axis is on the diagonal. */
    private static Term diagonal(Term term, int first, int second, int extent) {
        int rank = term.value().rank();
        IntStream others = IntStream.range(0, rank).filter(i -> i != first && i != second);
        Value front = term.value()
                .transpose(IntStream.concat(IntStream.of(first, second), others).toArray());
        int[] merged = Arrays.copyOfRange(front.shape().toArray(), 1, rank);
        merged[0] = extent * extent;
        int[] sizes = merged.clone();
        sizes[0] = extent;
        int[] steps = new int[rank - 1];
        Arrays.fill(steps, 1);
        steps[0] = extent + 1;
        String rest = new StringBuilder(term.axes())
                .deleteCharAt(second)
                .deleteCharAt(first)
                .toString();
        return new Term(
                front.reshape(merged).slice(new int[rank - 1], sizes, steps),
                term.axes().charAt(first) + rest);
    }

    /**
     * Axes of both operands are batch axes if they are still needed, and contracted otherwise. Axes of one operand that are
     * not needed are summed.
     */
    private static Term contract(Term left, Term right, String needed, OnnxNode node) {
        Term a = left.summed(without(without(left.axes(), right.axes()), needed));
        Term b = right.summed(without(without(right.axes(), left.axes()), needed));
        String shared = common(a.axes(), b.axes());
        for (int i = 0; i < shared.length(); i++) {
            char axis = shared.charAt(i);
            if (a.extent(axis) != b.extent(axis)) {
                throw new GraphException("axis " + axis + " has extents " + a.extent(axis) + " and " + b.extent(axis));
            }
        }
        String batch = common(shared, needed);
        String inner = without(shared, needed);
        String rows = without(a.axes(), shared);
        String columns = without(b.axes(), shared);
        Value x = a.ordered(batch + rows + inner).value().reshape(size(a, batch), size(a, rows), size(a, inner));
        Value y = b.ordered(batch + inner + columns).value().reshape(size(b, batch), size(b, inner), size(b, columns));
        Value product = MatrixTranslations.matmul(node, x, y, false, false);
        String axes = batch + rows + columns;
        int[] dims = axes.chars()
                .map(c -> a.has((char) c) ? a.extent((char) c) : b.extent((char) c))
                .toArray();
        return new Term(product.reshape(dims), axes);
    }

    private static int size(Term term, String axes) {
        return axes.chars().map(c -> term.extent((char) c)).reduce(1, Math::multiplyExact);
    }

    private static String expand(String axes, int ellipsis) {
        StringBuilder names = new StringBuilder();
        for (int i = ellipsis - 1; i >= 0; i--) {
            names.append((char) (FIRST_ELLIPSIS + i));
        }
        return axes.replace("...", names);
    }

    /** Without "->": the ellipsis, then all letters that occur once, in alphabetical order. */
    private static String implicit(List<Term> terms, int ellipsis) {
        StringBuilder all = new StringBuilder();
        terms.forEach(t -> all.append(t.axes()));
        StringBuilder once = new StringBuilder(expand("...", ellipsis));
        all.chars()
                .filter(c -> c < FIRST_ELLIPSIS
                        && all.indexOf(Character.toString(c)) == all.lastIndexOf(Character.toString(c)))
                .sorted()
                .forEach(c -> once.append((char) c));
        return once.toString();
    }

    private static String common(String a, String b) {
        return filter(a, b, true);
    }

    private static String without(String a, String b) {
        return filter(a, b, false);
    }

    private static String filter(String a, String b, boolean keepCommon) {
        Set<Character> kept = new LinkedHashSet<>();
        for (int i = 0; i < a.length(); i++) {
            char c = a.charAt(i);
            if (b.indexOf(c) >= 0 == keepCommon) {
                kept.add(c);
            }
        }
        StringBuilder text = new StringBuilder();
        kept.forEach(text::append);
        return text.toString();
    }
}
