package dev.rlcm.autodiff;

import static dev.rlcm.graph.Op.*;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.Value;
import java.util.List;

/**
 * The gradient table: one row per operator. In a row, y is the node, g = dL/dy, and a, b, x are y's operands; the list
 * holds dL/d(operand). What takes more than a line stands in a class per family.
 *
 * <p>Where a function has a kink, one subgradient is chosen: MIN and MAX give a tie to the first operand, CLIP passes
 * the gradient on [min, max] inclusive, ABS and RELU have slope 0 at 0, maxima over axes and windows share it equally
 * among ties.
 */
final class GradientRules {
    static final GradientTable TABLE = GradientTable.builder()
            .of(ADD, (y, g) -> list(g, g))
            .of(SUB, (y, g) -> list(g, g.neg()))
            .of(MUL, (y, g) -> list(g.mul(b(y)), g.mul(a(y))))
            .of(DIV, (y, g) -> list(g.div(b(y)), g.mul(y).div(b(y)).neg()))
            .of(POW, ElementwiseGradients::pow)
            .of(MIN, (y, g) -> choice(a(y).lessOrEqual(b(y)), g))
            .of(MAX, (y, g) -> choice(a(y).greaterOrEqual(b(y)), g))
            // a mod b = a - b floor(a/b)
            .of(MOD, (y, g) -> list(g, g.mul(a(y).div(b(y)).unary(FLOOR)).neg()))
            .of(AFTER, (y, g) -> list(g, b(y).like(0).expand(b(y).shape())))
            .of(WHERE, (y, g) -> choice(a(y), g))
            //
            .of(NEG, (y, g) -> list(g.neg()))
            .of(ABS, (y, g) -> list(g.mul(x(y).unary(SIGN))))
            .of(EXP, (y, g) -> list(g.mul(y)))
            .of(LOG, (y, g) -> list(g.div(x(y))))
            .of(SQRT, (y, g) -> list(g.div(y).mul(0.5)))
            .of(SIN, (y, g) -> list(g.mul(x(y).cos())))
            .of(COS, (y, g) -> list(g.mul(x(y).sin()).neg()))
            .of(ATAN, (y, g) -> list(g.div(x(y).square().add(1))))
            .of(TANH, (y, g) -> list(g.sub(g.mul(y.square()))))
            .of(SIGMOID, (y, g) -> list(g.mul(y.sub(y.square()))))
            // 2/sqrt(pi) exp(-x^2)
            .of(ERF, (y, g) -> list(g.mul(x(y).square().neg().exp()).mul(2 / Math.sqrt(Math.PI))))
            .of(RELU, (y, g) -> list(positive(x(y)).where(g, g.like(0))))
            .of(LEAKY_RELU, (y, g) -> list(positive(x(y)).where(g, g.mul(alpha(y)))))
            // alpha exp(x) = y + alpha below 0
            .of(ELU, (y, g) -> list(positive(x(y)).where(g, g.mul(y.add(alpha(y))))))
            .of(SOFTPLUS, (y, g) -> list(g.mul(x(y).sigmoid())))
            .of(CLIP, (y, g) -> list(x(y).equal(y).where(g, g.like(0))))
            .of(CAST, (y, g) -> list(g.cast(x(y).type())))
            .of(SWISH, ElementwiseGradients::swish)
            .of(GELU, ElementwiseGradients::gelu)
            //
            .of(RESHAPE, (y, g) -> list(g.reshape(x(y).shape())))
            .of(TRANSPOSE, (y, g) -> list(g.transpose(ShapeGradients.inverse(ints(y, "perm")))))
            .of(EXPAND, (y, g) -> list(g))
            .of(SLICE, (y, g) -> list(ShapeGradients.place(g, x(y).shape(), ints(y, "starts"), ints(y, "steps"))))
            .of(CONCAT, ShapeGradients::concat)
            .of(PAD, ShapeGradients::pad)
            .of(GATHER, IndexGradients::gather)
            .of(GATHER_ELEMENTS, IndexGradients::gatherElements)
            .of(GATHER_ND, IndexGradients::gatherNd)
            .of(SCATTER_ELEMENTS, IndexGradients::scatterElements)
            .of(SCATTER_ND, IndexGradients::scatterNd)
            .unless(SCATTER_ELEMENTS, IndexGradients::obstacle)
            .unless(SCATTER_ND, IndexGradients::obstacle)
            .of(TRILU, (y, g) -> list(Value.of(TRILU, y.attributes(), g)))
            .of(RESIZE, ShapeGradients::resize)
            //
            .of(REDUCE_SUM, (y, g) -> list(ReductionGradients.spread(y, g)))
            .of(REDUCE_MEAN, (y, g) -> list(ReductionGradients.spread(y, g.div(ReductionGradients.count(y)))))
            .of(REDUCE_MAX, ReductionGradients::extremum)
            .of(REDUCE_MIN, ReductionGradients::extremum)
            .of(REDUCE_PROD, ReductionGradients::product)
            .of(CUM_SUM, (y, g) -> list(Value.of(CUM_SUM, reversed(y.attributes()), g)))
            //
            .of(MATMUL, MatrixGradients::matmul)
            .of(CONV, ConvolutionGradients::conv)
            .of(CONV_TRANSPOSE, ConvolutionGradients::convTranspose)
            .of(MAX_POOL, PoolGradients::max)
            .of(AVERAGE_POOL, PoolGradients::average)
            // y (g - sum(g y))
            .of(SOFTMAX, (y, g) -> list(y.mul(g.sub(g.mul(y).sum(true, axis(y))))))
            // g - softmax(x) sum(g)
            .of(LOG_SOFTMAX, (y, g) -> list(g.sub(y.exp().mul(g.sum(true, axis(y))))))
            .of(INSTANCE_NORM, (y, g) -> NormGradients.channels(y, g, x(y).dim(1)))
            .of(
                    GROUP_NORM,
                    (y, g) -> NormGradients.channels(y, g, y.attributes().integer("groups")))
            .of(LAYER_NORM, NormGradients::layer)
            .of(ATTENTION, AttentionGradients.rule(AttentionGradients.SLICE))
            //
            .constant(EQUAL, LESS, LESS_OR_EQUAL, GREATER, GREATER_OR_EQUAL, AND, OR, XOR, NOT, IS_NAN)
            .constant(SIGN, FLOOR, CEIL, ROUND, STOP_GRADIENT, ARG_MAX, TOP_K)
            .build();

    private GradientRules() {}

    static List<Value> list(Value... gradients) {
        return List.of(gradients);
    }

    /** The gradients of the two values that a condition chooses between. */
    private static List<Value> choice(Value first, Value g) {
        return list(first.where(g, g.like(0)), first.where(g.like(0), g));
    }

    private static Value a(Value y) {
        return y.in(0);
    }

    private static Value b(Value y) {
        return y.in(1);
    }

    private static Value x(Value y) {
        return y.in(0);
    }

    private static Value positive(Value x) {
        return x.greater(x.like(0));
    }

    private static double alpha(Value y) {
        return y.attributes().real("alpha");
    }

    private static int axis(Value y) {
        return y.attributes().integer("axis");
    }

    private static int[] ints(Value y, String name) {
        return y.attributes().ints(name);
    }

    private static Attributes reversed(Attributes attributes) {
        return attributes.with("reverse", !attributes.flag("reverse"));
    }
}
