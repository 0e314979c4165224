package dev.rlcm.autodiff;

import static dev.rlcm.autodiff.GradientRules.list;

import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import java.util.List;

/** Gradients of the longer elementwise functions. */
final class ElementwiseGradients {
    private static final double TANH_SCALE = Math.sqrt(2 / Math.PI);
    private static final double TANH_CUBE = 0.044715;

    private ElementwiseGradients() {}

    /** d(a^b) = b a^(b-1) da + a^b ln(a) db, where 0 a^(-1) and 0 ln(0) count as 0. */
    static List<Value> pow(Value y, Value g) {
        Value a = y.in(0);
        Value b = y.in(1);
        Value zero = g.like(0);
        Value slope = b.mul(a.pow(b.sub(1)));
        boolean plain = b.is(Op.CONSTANT) && b.rank() == 0 && !b.isConstant(0);
        Value da = b.isConstant(2) ? a.add(a) : plain ? slope : b.equal(zero).where(zero, slope);
        Value log = a.equal(zero).where(a.like(1), a).unary(Op.LOG);
        return list(g.mul(da), g.mul(y.mul(log)));
    }

    /** d(x s) = s (1 + alpha x (1 - s)), s = sigmoid(alpha x); from x alone, so that only x is kept. */
    static List<Value> swish(Value y, Value g) {
        Value x = y.in(0);
        double alpha = y.attributes().real("alpha");
        Value scaled = alpha == 1 ? x : x.mul(alpha);
        Value s = scaled.sigmoid();
        return list(g.mul(s.mul(scaled.sub(scaled.mul(s)).add(1))));
    }

    /** Hendrycks and Gimpel, arXiv:1606.08415: x Phi(x), or its approximation by tanh. */
    static List<Value> gelu(Value y, Value g) {
        Value x = y.in(0);
        boolean tanh = y.attributes().text("approximate").equals("tanh");
        return list(g.mul(tanh ? twiceTanhGeluSlope(x) : twiceErfGeluSlope(x)).mul(0.5)); // a product takes the 0.5 in
    }

    /** 2 Phi(x) + 2 x phi(x), with 2 phi(x) = exp(ln(2/pi)/2 - u^2), u = x / sqrt 2. */
    private static Value twiceErfGeluSlope(Value x) {
        Value u = x.mul(Math.sqrt(0.5));
        Value density = x.like(0.5 * Math.log(2 / Math.PI)).sub(u.square()).exp();
        return u.erf().add(1).add(x.mul(density));
    }

    /** 1 + t + x (1 - t^2) u', t = tanh(u), u = c (x + k x^3). */
    private static Value twiceTanhGeluSlope(Value x) {
        Value square = x.square();
        Value t = x.mul(square.mul(TANH_SCALE * TANH_CUBE).add(TANH_SCALE)).tanh();
        Value slope = square.mul(3 * TANH_SCALE * TANH_CUBE).add(TANH_SCALE);
        Value inner = x.mul(slope).mul(t.square().neg().add(1));
        return t.add(1).add(inner);
    }
}
