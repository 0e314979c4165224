package dev.rlcm.mdp;

import dev.rlcm.check.Check;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Schedules of variance-exploding consistency models, which work on pixels as published (Song et al., arXiv:2303.01469, algorithm 1 and
 * appendix C; RLCM's section 4 and algorithm 2).
 *
 * <p>f(x, tau) = c_skip x + c_out F(c_in x, 1000/4 ln tau), with c_skip = sd^2 / ((tau - eps)^2 + sd^2), c_out = sd (tau
 * - eps) / sqrt(sd^2 + tau^2), c_in = 1 / sqrt(sd^2 + tau^2); the next state is f + sqrt(tau'^2 - eps^2) z, and x_0 = T
 * z. The last step gives f itself. Published models clip f to [-1, 1] before noise is drawn, see {@link GaussianStep#bound}.
 *
 * <p>Levels are those of training, T^(1/rho) + i / (L - 1) (eps^(1/rho) - T^(1/rho)) to the power of rho, i from 0 to L - 1 (Karras et
 * al., arXiv:2206.00364, eq. 5). N evaluations take every (L / N)-th of them, rounded down, from T on, as diffusers'
 * CMStochasticIterativeScheduler does; {@link #withLevels} chooses others, which published models come with. Immutable, thread-safe.
 *
 * @param sigmaData sd, the assumed standard deviation of the data
 * @param sigmaMin eps, the noise level that f maps to
 * @param sigmaMax T, the noise level of the start
 * @param rho how much the levels crowd towards eps
 * @param trainLevels L, at least 2
 * @param isClipped whether f is clipped to [-1, 1]
 * @param chosen the indices i of the levels that are taken, from 0 up; empty for those of any number of evaluations
 */
public record KarrasSchedule(
        double sigmaData,
        double sigmaMin,
        double sigmaMax,
        double rho,
        int trainLevels,
        boolean isClipped,
        List<Integer> chosen)
        implements ScheduleRule {
    public KarrasSchedule {
        Check.positive("sigmaData", sigmaData);
        Check.positive("sigmaMin", sigmaMin);
        Check.that(sigmaMax > sigmaMin && Double.isFinite(sigmaMax), "sigmaMax", "above " + sigmaMin, sigmaMax);
        Check.positive("rho", rho);
        Check.between(2, 1_000_000, "trainLevels", trainLevels);
        chosen = List.copyOf(chosen);
        Check.that(chosen.isEmpty() || chosen.get(0) == 0, "the first of the chosen levels", "0", chosen);
        for (int k = 1; k < chosen.size(); k++) {
            int before = chosen.get(k - 1);
            Check.that(
                    chosen.get(k) > before && chosen.get(k) < trainLevels,
                    "chosen level " + k,
                    "in (" + before + ", " + trainLevels + ")",
                    chosen.get(k));
        }
    }

    /** The values of both papers, with clipping, and the 40 levels that the published models were trained on. */
    public static KarrasSchedule defaults() {
        return new KarrasSchedule(0.5, 0.002, 80, 7, 40, true, List.of());
    }

    /**
     * The schedule of a decoded {@code scheduler_config.json} of diffusers' CMStochasticIterativeScheduler.
     *
     * @throws IllegalArgumentException if it asks for noise of another scale than 1
     */
    public static KarrasSchedule fromConfig(Map<String, ?> config) {
        SchedulerConfig decoded = new SchedulerConfig(config);
        KarrasSchedule standard = defaults();
        double scale = decoded.number("s_noise", 1);
        Check.that(scale == 1, "s_noise", "1", scale);
        return new KarrasSchedule(
                decoded.number("sigma_data", standard.sigmaData()),
                decoded.number("sigma_min", standard.sigmaMin()),
                decoded.number("sigma_max", standard.sigmaMax()),
                decoded.number("rho", standard.rho()),
                decoded.integer("num_train_timesteps", standard.trainLevels()),
                decoded.flag("clip_denoised", standard.isClipped()),
                List.of());
    }

    /** With or without clipping of f to [-1, 1]. */
    public KarrasSchedule withClipping(boolean value) {
        return new KarrasSchedule(sigmaData, sigmaMin, sigmaMax, rho, trainLevels, value, chosen);
    }

    /**
     * With levels that a model is published with, and then exactly as many evaluations. They are diffusers' {@code timesteps}: 0 and 22
     * for two evaluations of the models for ImageNet.
     *
     * @param indices in [0, trainLevels), in any order; 0, which is sigmaMax, must be among them; none for the usual levels
     */
    public KarrasSchedule withLevels(int... indices) {
        List<Integer> sorted = Arrays.stream(indices).sorted().boxed().toList();
        return new KarrasSchedule(sigmaData, sigmaMin, sigmaMax, rho, trainLevels, isClipped, sorted);
    }

    /**
     * The noise levels of N evaluations, decreasing.
     *
     * @param evaluations N, at most as many as there are levels; as many as were chosen, if some were
     */
    public double[] levels(int evaluations) {
        Check.between(1, trainLevels, "evaluations", evaluations);
        Check.that(
                chosen.isEmpty() || evaluations == chosen.size(),
                "evaluations",
                "as many as there are chosen levels, " + chosen.size(),
                evaluations);
        int stride = trainLevels / evaluations;
        return IntStream.range(0, evaluations)
                .mapToDouble(k -> level(chosen.isEmpty() ? k * stride : chosen.get(k)))
                .toArray();
    }

    private double level(int index) {
        if (index == 0) {
            return sigmaMax; // to the bit
        }
        if (index == trainLevels - 1) {
            return sigmaMin;
        }
        double from = Math.pow(sigmaMax, 1 / rho);
        double to = Math.pow(sigmaMin, 1 / rho);
        return Math.pow(from + (to - from) * index / (trainLevels - 1), rho);
    }

    /** The schedule of N evaluations at {@link #levels}; the last is deterministic. */
    @Override
    public Schedule steps(int evaluations) {
        return at(levels(evaluations));
    }

    /**
     * The schedule of evaluations at any noise levels, from sigmaMax down.
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
                    last ? next <= levels[k] : next < levels[k] && next >= sigmaMin,
                    "level " + (k + 1),
                    "in [" + sigmaMin + ", " + levels[k] + ")",
                    next);
            steps.add(estimate(levels[k]).withSigma(Math.sqrt(next * next - sigmaMin * sigmaMin)));
        }
        return new Schedule(steps, sigmaMax);
    }

    /** The forward process x = x0 + tau z at the levels of N evaluations, with f as the estimate of x0. */
    @Override
    public List<ForwardStep> forwardSteps(int evaluations) {
        return Arrays.stream(levels(evaluations))
                .mapToObj(tau -> new ForwardStep(1, tau, estimate(tau)))
                .toList();
    }

    /** f. */
    private GaussianStep estimate(double tau) {
        double variance = sigmaData * sigmaData;
        double aboveMin = tau - sigmaMin;
        double scale = 1 / Math.sqrt(variance + tau * tau);
        return new GaussianStep(
                250 * Math.log(tau),
                scale,
                variance / (aboveMin * aboveMin + variance),
                sigmaData * aboveMin * scale,
                0,
                isClipped ? 1 : Double.POSITIVE_INFINITY);
    }
}
