package dev.rlcm.backend;

import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Operators that normalise elements by statistics of their neighbours. */
final class NormalisationKernels {
    private NormalisationKernels() {}

    static void addTo(Map<Op, Kernel> table) {
        table.put(Op.SOFTMAX, (y, in) -> softmax(in.get(0), y.attributes().integer("axis")));
        table.put(
                Op.LOG_SOFTMAX, (y, in) -> logSoftmax(in.get(0), y.attributes().integer("axis")));
        table.put(Op.INSTANCE_NORM, (y, in) -> groupNorm(y, in, y.dim(1)));
        table.put(Op.GROUP_NORM, (y, in) -> groupNorm(y, in, y.attributes().integer("groups")));
        table.put(Op.LAYER_NORM, NormalisationKernels::layerNorm);
    }

    /** exp(x - max) / sum exp(x - max); a line of -inf alone gives NaN. */
    static Tensor softmax(Tensor x, int axis) {
        double[] result = new double[x.size()];
        Index.forEachLine(x.shape(), axis, (line, start, stride, extent) -> {
            double max = max(x, start, stride, extent);
            double sum = 0;
            for (int i = start; i < start + extent * stride; i += stride) {
                result[i] = Math.exp(x.reals()[i] - max);
                sum += result[i];
            }
            for (int i = start; i < start + extent * stride; i += stride) {
                result[i] /= sum;
            }
        });
        return Tensor.reals(x.shape(), result);
    }

    private static Tensor logSoftmax(Tensor x, int axis) {
        double[] result = new double[x.size()];
        Index.forEachLine(x.shape(), axis, (line, start, stride, extent) -> {
            double max = max(x, start, stride, extent);
            double sum = 0;
            for (int i = start; i < start + extent * stride; i += stride) {
                sum += Math.exp(x.reals()[i] - max);
            }
            for (int i = start; i < start + extent * stride; i += stride) {
                result[i] = x.reals()[i] - max - Math.log(sum);
            }
        });
        return Tensor.reals(x.shape(), result);
    }

    private static double max(Tensor x, int start, int stride, int extent) {
        double max = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < extent; i++) {
            max = Math.max(max, x.reals()[start + i * stride]);
        }
        return max;
    }

    /** arXiv:1803.08494: statistics over each sample's channels of a group and all positions. */
    private static Tensor groupNorm(Value y, List<Tensor> in, int groups) {
        int positions = Index.size(y.shape(), 2, y.rank());
        double[] scale = in.get(1).reals();
        double[] bias = in.get(2).reals();
        double[] result = standardise(
                in.get(0), y.dim(1) / groups * positions, y.attributes().real("epsilon"));
        for (int i = 0; i < result.length; i++) {
            int channel = i / positions % y.dim(1);
            result[i] = result[i] * scale[channel] + bias[channel];
        }
        return Tensor.reals(y.shape(), result);
    }

    /** arXiv:1607.06450: statistics over the last axes. */
    private static Tensor layerNorm(Value y, List<Tensor> in) {
        int axis = y.attributes().integer("axis");
        Shape normalised = Shape.of(Arrays.copyOfRange(y.shape().toArray(), axis, y.rank()));
        double[] result =
                standardise(in.get(0), (int) normalised.size(), y.attributes().real("epsilon"));
        double[] scale = in.get(1).expand(normalised).reals();
        for (int i = 0; i < result.length; i++) {
            result[i] *= scale[i % scale.length];
        }
        if (in.size() == 3) {
            double[] bias = in.get(2).expand(normalised).reals();
            for (int i = 0; i < result.length; i++) {
                result[i] += bias[i % bias.length];
            }
        }
        return Tensor.reals(y.shape(), result);
    }

    /** (x - mean) / sqrt(variance + epsilon) over consecutive blocks; the variance is that of the population. */
    private static double[] standardise(Tensor x, int block, double epsilon) {
        double[] result = new double[x.size()];
        for (int start = 0; start < result.length; start += block) {
            double[] values = Arrays.copyOfRange(x.reals(), start, start + block);
            double mean = Arrays.stream(values).sum() / block;
            double variance =
                    Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum() / block;
            for (int i = 0; i < block; i++) {
                result[start + i] = (values[i] - mean) / Math.sqrt(variance + epsilon);
            }
        }
        return result;
    }
}
