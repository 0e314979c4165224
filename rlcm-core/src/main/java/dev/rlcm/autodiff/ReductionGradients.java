package dev.rlcm.autodiff;

import static dev.rlcm.autodiff.GradientRules.list;

import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import java.util.List;

/** Gradients of reductions. */
final class ReductionGradients {
    private ReductionGradients() {}

    /** A value of y's shape where it broadcasts to the elements that y was reduced from. */
    static Value spread(Value y, Value reduced) {
        return reduced.reshape(keptShape(y));
    }

    /** How many elements each result was reduced from. */
    static double count(Value y) {
        return (double) y.in(0).shape().size() / y.shape().size();
    }

    /** Each element equal to the extremum gets an equal share of its gradient. */
    static List<Value> extremum(Value y, Value g) {
        Value hits = y.in(0).equal(spread(y, y)).cast(g.type());
        Value share = spread(y, g).div(hits.sum(true, axes(y)));
        return list(hits.mul(share));
    }

    /** g times the product of the other elements: of all that are not 0, if no other one is 0. */
    static List<Value> product(Value y, Value g) {
        Value x = y.in(0);
        Value zero = x.equal(x.like(0));
        Value zeros = zero.cast(x.type());
        Value filled = zero.where(x.like(1), x);
        Value others = zeros.sum(true, axes(y)).sub(zeros);
        Value product = filled.reduce(y.op(), true, axes(y)).div(filled);
        Value slope = others.equal(x.like(0)).where(product, x.like(0));
        return list(spread(y, g).mul(slope));
    }

    private static int[] axes(Value y) {
        return y.attributes().ints("axes");
    }

    private static Shape keptShape(Value y) {
        int[] dims = y.in(0).shape().toArray();
        for (int axis : axes(y)) {
            dims[axis] = 1;
        }
        return Shape.of(dims);
    }
}
