package dev.rlcm.onnx.importer;

import static dev.rlcm.onnx.importer.WindowTranslations.perChannel;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.format.OnnxDomains;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Normalisations. */
final class NormTranslations {
    private static final double EPSILON = 1e-5;

    private NormTranslations() {}

    static void register(OperatorTable table) {
        table.row("BatchNormalization", NormTranslations::batchNorm)
                .row("InstanceNormalization", NormTranslations::instanceNorm)
                .row("GroupNormalization", NormTranslations::groupNorm)
                .row("LpNormalization", NormTranslations::lpNorm)
                .row("MeanVarianceNormalization", NormTranslations::meanVarianceNorm)
                .row("LRN", NormTranslations::localResponseNorm)
                .row("RMSNormalization", NormTranslations::rmsNorm)
                .row("SimplifiedLayerNormalization", NormTranslations::rmsNorm)
                .rows("", "LayerNormalization", NormTranslations::layerNorm)
                .rows(OnnxDomains.MICROSOFT, "LayerNormalization", NormTranslations::layerNorm);
    }

    private static double epsilon(OnnxNode node) {
        return node.real("epsilon", EPSILON);
    }

    /** (x - mean) / sqrt(var + eps) * scale + bias with fixed statistics: one factor and one offset per channel. */
    private static Value batchNorm(OnnxNode node) {
        if (node.flag("training_mode", false) || (node.opset() < 14 && node.wants(1))) {
            throw new GraphException("is in training mode; export the model for inference");
        }
        if (!node.flag("spatial", true)) {
            throw new GraphException("has statistics of every pixel; export the model with opset 9 or later");
        }
        int rank = node.in(0).rank();
        Value factor = node.in(1).div(node.in(4).add(epsilon(node)).sqrt());
        Value offset = node.in(2).sub(node.in(3).mul(factor));
        return node.apply(Op.MUL, node.in(0), perChannel(factor, rank)).add(perChannel(offset, rank));
    }

    private static Value instanceNorm(OnnxNode node) {
        return node.apply(
                Op.INSTANCE_NORM, Attributes.of("epsilon", epsilon(node)), node.in(0), node.in(1), node.in(2));
    }

    /** Scale and bias are per group before opset 21, per channel from it on. */
    private static Value groupNorm(OnnxNode node) {
        Value x = node.in(0);
        int groups = node.integer("num_groups", 1);
        Value scale = perChannelOf(node.in(1), groups, x.dim(1));
        Value bias = perChannelOf(node.in(2), groups, x.dim(1));
        Value spatial = x.rank() > 2 ? x : x.reshape(x.dim(0), x.dim(1), 1);
        Attributes attributes = Attributes.of("groups", groups, "epsilon", epsilon(node));
        return node.apply(Op.GROUP_NORM, attributes, spatial, scale, bias).reshape(x.shape());
    }

    private static Value perChannelOf(Value parameter, int groups, int channels) {
        if (parameter.dim(0) == channels) {
            return parameter;
        }
        return parameter
                .reshape(groups, 1)
                .expand(Shape.of(groups, channels / groups))
                .reshape(channels);
    }

    /** Zeros stay zeros. */
    private static Value lpNorm(OnnxNode node) {
        Value x = node.in(0);
        int axis = OnnxNode.axis(node.integer("axis", -1), x.rank());
        boolean euclidean = node.integer("p", 2) == 2;
        Value total = (euclidean ? x.square() : x.abs()).sum(true, axis);
        Value safe = total.equal(total.like(0)).where(total.like(1), total);
        return node.apply(Op.DIV, x, euclidean ? safe.sqrt() : safe);
    }

    /** (x - mean) / (sqrt(variance) + 1e-9), over all axes but the channels by default. */
    private static Value meanVarianceNorm(OnnxNode node) {
        Value x = node.in(0);
        int[] axes = Arrays.stream(node.ints("axes", 0, 2, 3))
                .map(axis -> OnnxNode.axis(axis, x.rank()))
                .toArray();
        Value centred = x.sub(x.mean(true, axes));
        return node.apply(
                Op.DIV, centred, centred.square().mean(true, axes).sqrt().add(1e-9));
    }

    /** x / (bias + alpha/size sum x^2)^beta, the sum over as many neighbouring channels as size. */
    private static Value localResponseNorm(OnnxNode node) {
        Value x = node.in(0);
        int size = node.integer("size", 1);
        int[] pads = new int[2 * x.rank()];
        pads[1] = (size - 1) / 2;
        pads[1 + x.rank()] = size - 1 - pads[1];
        Value squares = x.square().pad(pads);
        Value sum = IntStream.range(0, size)
                .mapToObj(i -> squares.slice(1, i, i + x.dim(1)))
                .reduce(Value::add)
                .orElseThrow();
        Value scale = sum.mul(node.real("alpha", 1e-4) / size).add(node.real("bias", 1));
        return node.apply(Op.DIV, x, scale.pow(node.real("beta", 0.75)));
    }

    private static Value rmsNorm(OnnxNode node) {
        int axis = OnnxNode.axis(node.integer("axis", -1), node.in(0).rank());
        return rmsNorm(node, node.in(0), axis, node.in(1));
    }

    /** x / sqrt(mean(x^2) + eps) * scale. */
    static Value rmsNorm(OnnxNode node, Value x, int axis, Value scale) {
        Value root = x.square()
                .mean(true, ReductionTranslations.axesFrom(axis, x.rank()))
                .add(epsilon(node))
                .sqrt();
        return node.apply(Op.MUL, x.div(root), scale);
    }

    private static List<Value> layerNorm(OnnxNode node) {
        int axis = OnnxNode.axis(node.integer("axis", -1), node.in(0).rank());
        List<Value> parameters = node.has(2) ? List.of(node.in(1), node.in(2)) : List.of(node.in(1));
        return layerNorm(node, node.in(0), axis, parameters);
    }

    /** The normalised value and, where the node wants them, the mean and the inverse standard deviation. */
    static List<Value> layerNorm(OnnxNode node, Value x, int axis, List<Value> parameters) {
        List<Value> operands = new ArrayList<>(List.of(x));
        operands.addAll(parameters);
        Attributes attributes = Attributes.of("axis", axis, "epsilon", epsilon(node));
        List<Value> results =
                new ArrayList<>(List.of(node.apply(Op.LAYER_NORM, attributes, operands.toArray(Value[]::new))));
        if (node.wants(1) || node.wants(2)) {
            int[] axes = ReductionTranslations.axesFrom(axis, x.rank());
            Value mean = x.mean(true, axes);
            Value variance = x.sub(mean).square().mean(true, axes);
            results.add(mean);
            results.add(variance.add(epsilon(node)).sqrt().reciprocal());
        }
        return results;
    }
}
