package dev.rlcm.mdp;

import dev.rlcm.check.Check;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Schedules of variance-exploding consistency models (Song et al., arXiv:2303.01469; RLCM's section 4 and algorithm 2).
 *
 * <p>f(x, tau) = c_skip x + c_out F(c_in x, 1000/4 ln tau), with c_skip = sd^2 / ((tau - eps)^2 + sd^2), c_out = sd (tau
 * - eps) / sqrt(sd^2 + tau^2), c_in = 1 / sqrt(sd^2 + tau^2); the next state is f + sqrt(tau'^2 - eps^2) z, and x_0 = T
 * z. Immutable, thread-safe.
 *
 * @param sigmaData sd, the assumed standard deviation of the data
 * @param sigmaMin eps, the noise level that f maps to
 * @param sigmaMax T, the noise level of the start
 * @param rho how much the levels crowd towards eps (Karras et al., arXiv:2206.00364, eq. 5)
 */
public record KarrasSchedule(double sigmaData, double sigmaMin, double sigmaMax, double rho) {
    public KarrasSchedule {
        Check.positive("sigmaData", sigmaData);
        Check.positive("sigmaMin", sigmaMin);
        Check.that(sigmaMax > sigmaMin && Double.isFinite(sigmaMax), "sigmaMax", "above " + sigmaMin, sigmaMax);
        Check.positive("rho", rho);
    }

    /** The values of both papers. */
    public static KarrasSchedule defaults() {
        return new KarrasSchedule(0.5, 0.002, 80, 7);
    }

    /**
     * The noise levels of N evaluations: the first N of N + 1 levels from T to eps, evenly spaced in tau^(1/rho).
     */
    public double[] levels(int evaluations) {
        Check.between(1, 1000, "evaluations", evaluations);
        double from = Math.pow(sigmaMax, 1 / rho);
        double to = Math.pow(sigmaMin, 1 / rho);
        double[] levels = new double[evaluations];
        levels[0] = sigmaMax;
        for (int k = 1; k < evaluations; k++) {
            levels[k] = Math.pow(from + (to - from) * k / evaluations, rho);
        }
        return levels;
    }

    /** The schedule of N evaluations at {@link #levels}; the last is deterministic. */
    public Schedule steps(int evaluations) {
        return at(levels(evaluations));
    }

    /**
     * The schedule of evaluations at the given noise levels, from sigmaMax down. Published models come with such levels.
     *
     * @throws IllegalArgumentException if they do not start at sigmaMax or do not decrease or reach below sigmaMin
     */
    public Schedule at(double... levels) {
        Check.that(
                levels.length > 0 && levels[0] == sigmaMax,
                "the first level",
                "sigmaMax, " + sigmaMax,
                Arrays.toString(levels));
        List<GaussianStep> steps = new ArrayList<>();
        for (int k = 0; k < levels.length; k++) {
            boolean last = k == levels.length - 1;
            double next = last ? sigmaMin : levels[k + 1];
            Check.that(
                    next < levels[k] || (last && next == levels[k]),
                    "level " + (k + 1),
                    "in [" + sigmaMin + ", " + levels[k] + ")",
                    next);
            steps.add(step(levels[k], next));
        }
        return new Schedule(steps, sigmaMax);
    }

    private GaussianStep step(double tau, double next) {
        double variance = sigmaData * sigmaData;
        double aboveMin = tau - sigmaMin;
        double scale = 1 / Math.sqrt(variance + tau * tau);
        return new GaussianStep(
                250 * Math.log(tau),
                scale,
                variance / (aboveMin * aboveMin + variance),
                sigmaData * aboveMin * scale,
                Math.sqrt(next * next - sigmaMin * sigmaMin));
    }
}
