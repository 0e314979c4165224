package dev.rlcm.autodiff;

import static dev.rlcm.autodiff.GradientRules.list;

import dev.rlcm.graph.Value;
import java.util.Arrays;
import java.util.List;

/**
 * Gradients of normalisations xhat scale + bias, with xhat = (x - mean) rstd and gh = g scale = dL/dxhat: dx = rstd (gh
 * - mean(gh) - xhat mean(gh xhat)). The statistics are computed again from x, over rows of contiguous elements.
 */
final class NormGradients {
    private NormGradients() {}

    /** Normalised rows [N, L] and their reciprocal standard deviations [N, 1]. */
    private record Rows(Value xhat, Value rstd) {
        static Rows of(Value x, int count, double epsilon) {
            Value rows = x.reshape(count, Math.toIntExact(x.shape().size() / count));
            Value centred = rows.sub(rows.mean(true, 1));
            Value rstd = centred.square().mean(true, 1).add(epsilon).sqrt().reciprocal();
            return new Rows(centred.mul(rstd), rstd);
        }

        Value gradient(Value upstream) {
            Value gh = upstream.reshape(xhat.shape());
            Value along = xhat.mul(gh.mul(xhat).mean(true, 1));
            return rstd.mul(gh.sub(gh.mean(true, 1)).sub(along));
        }
    }

    /** (x [B,C,...], scale [C], bias [C]), each of the groups of channels normalised by itself. */
    static List<Value> channels(Value y, Value g, int groups) {
        Value x = y.in(0);
        int batch = x.dim(0);
        int channels = x.dim(1);
        Rows rows = Rows.of(x, batch * groups, y.attributes().real("epsilon"));
        int[] planes = {batch, channels, Math.toIntExact(x.shape().size() / ((long) batch * channels))};
        Value upstream = g.reshape(planes);
        Value dx = rows.gradient(upstream.mul(y.in(1).reshape(channels, 1)));
        Value dScale = upstream.mul(rows.xhat.reshape(planes)).sum(false, 0, 2);
        return list(dx.reshape(x.shape()), dScale, upstream.sum(false, 0, 2));
    }

    /** (x, scale, bias*), normalised over the axes from {axis} on. */
    static List<Value> layer(Value y, Value g) {
        Value x = y.in(0);
        int count = Arrays.stream(x.shape().toArray())
                .limit(y.attributes().integer("axis"))
                .reduce(1, Math::multiplyExact);
        Rows rows = Rows.of(x, count, y.attributes().real("epsilon"));
        Value dx = rows.gradient(g.mul(y.in(1)));
        return list(dx.reshape(x.shape()), g.mul(rows.xhat.reshape(x.shape())), g);
    }
}
