package dev.rlcm.rewrite.patterns;

import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.Match;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/** (x - mean) / sqrt(variance + epsilon), with the moments taken over all axes from the given one on. */
record Standardised(Value x, int axis, double epsilon) {
    static Optional<Standardised> of(Value node) {
        if (node.is(Op.DIV)) {
            return root(node.in(1)).flatMap(sum -> of(node.in(0), sum));
        }
        if (node.is(Op.MUL)) {
            for (List<Value> operands : Match.bothOrders(node)) {
                Optional<Standardised> match = inverseRoot(operands.get(1)).flatMap(sum -> of(operands.get(0), sum));
                if (match.isPresent()) {
                    return match;
                }
            }
        }
        return Optional.empty();
    }

    private static Optional<Standardised> of(Value centred, Value sum) {
        if (!sum.is(Op.ADD) || !centred.is(Op.SUB)) {
            return Optional.empty();
        }
        for (List<Value> operands : Match.bothOrders(sum)) {
            OptionalDouble epsilon = Match.scalar(operands.get(1));
            Value variance = operands.get(0);
            if (epsilon.isPresent() && isTrailingMean(variance)) {
                int axis = variance.attributes().ints("axes")[0];
                Value x = centred.in(0);
                Optional<Value> deviation = squared(variance.in(0));
                if (isCentred(centred, x, axis)
                        && deviation.filter(d -> isCentred(d, x, axis)).isPresent()) {
                    return Optional.of(new Standardised(x, axis, epsilon.getAsDouble()));
                }
            }
        }
        return Optional.empty();
    }

    /** Some exporters write x - mean twice, once for each use. */
    private static boolean isCentred(Value node, Value x, int axis) {
        return node.is(Op.SUB)
                && node.in(0) == x
                && isTrailingMean(node.in(1))
                && node.in(1).in(0) == x
                && node.in(1).attributes().ints("axes")[0] == axis;
    }

    private static boolean isTrailingMean(Value node) {
        if (!node.is(Op.REDUCE_MEAN) || !node.attributes().flag("keepdims")) {
            return false;
        }
        int[] axes = node.attributes().ints("axes");
        int[] trailing = IntStream.range(node.rank() - axes.length, node.rank()).toArray();
        return axes.length > 0 && Arrays.equals(axes, trailing);
    }

    private static Optional<Value> squared(Value node) {
        boolean square =
                (node.is(Op.MUL) && node.in(0) == node.in(1)) || (node.is(Op.POW) && Match.isScalar(node.in(1), 2));
        return square ? Optional.of(node.in(0)) : Optional.empty();
    }

    private static Optional<Value> root(Value node) {
        boolean root = node.is(Op.SQRT) || (node.is(Op.POW) && Match.isScalar(node.in(1), 0.5));
        return root ? Optional.of(node.in(0)) : Optional.empty();
    }

    private static Optional<Value> inverseRoot(Value node) {
        if (node.is(Op.POW) && Match.isScalar(node.in(1), -0.5)) {
            return Optional.of(node.in(0));
        }
        return node.is(Op.DIV) && Match.isScalar(node.in(0), 1) ? root(node.in(1)) : Optional.empty();
    }
}
