package dev.rlcm.autodiff;

import static dev.rlcm.autodiff.GradientRules.list;

import dev.rlcm.graph.Value;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Gradients of normalisations xhat scale + bias, with xhat = (x - mean) / std and gh = g scale = dL/dxhat: dx = (gh -
 * mean(gh) - xhat mean(gh xhat)) / std. The statistics are computed again from x, or shared with a forward pass that is
 * written out in the same way.
 */
final class NormGradients {
    private NormGradients() {}

    /** x normalised over the axes from {axis} on, and the standard deviations, which broadcast to it. */
    private record Normal(Value xhat, Value std, int axis) {
        static Normal of(Value x, int axis, double epsilon) {
            Value centred = x.sub(mean(x, axis));
            Value std = mean(centred.square(), axis).add(epsilon).sqrt();
            return new Normal(centred.div(std), std, axis);
        }

        Value gradient(Value gh) {
            Value along = xhat.mul(mean(gh.mul(xhat), axis));
            return gh.sub(mean(gh, axis)).sub(along).div(std);
        }

        private static Value mean(Value x, int axis) {
            return x.mean(true, IntStream.range(axis, x.rank()).toArray());
        }
    }

    /** (x [B,C,...], scale [C], bias [C]), each of the groups of channels normalised by itself. */
    static List<Value> channels(Value y, Value g, int groups) {
        Value x = y.in(0);
        int batch = x.dim(0);
        int channels = x.dim(1);
        int elements = Math.toIntExact(x.shape().size() / ((long) batch * channels));
        Value grouped = x.reshape(batch, groups, channels / groups * elements);
        Normal normal = Normal.of(grouped, 2, y.attributes().real("epsilon"));
        Value upstream = g.reshape(batch, channels, elements);
        Value gh = upstream.mul(y.in(1).reshape(channels, 1));
        Value dx = normal.gradient(gh.reshape(grouped.shape()));
        Value dScale = upstream.mul(normal.xhat.reshape(upstream.shape())).sum(false, 0, 2);
        return list(dx.reshape(x.shape()), dScale, upstream.sum(false, 0, 2));
    }

    /** (x, scale, bias*), normalised over the axes from {axis} on. */
    static List<Value> layer(Value y, Value g) {
        Normal normal = Normal.of(
                y.in(0), y.attributes().integer("axis"), y.attributes().real("epsilon"));
        return list(normal.gradient(g.mul(y.in(1))), g.mul(normal.xhat), g);
    }
}
