package dev.rlcm.mdp;

import org.apache.commons.math3.distribution.BetaDistribution;

/**
 * How the levels of a flow-matching sampler lie between the first and the last of them, which stay; diffusers' {@code use_karras_sigmas} and
 * so on.
 */
public enum FlowSpacing {
    /** As {@link FlowLevels} and the shift put them. */
    SHIFTED {
        @Override
        double level(double place, double shifted, double first, double last) {
            return shifted;
        }
    },
    /** Evenly in s^(1/7) (Karras et al., arXiv:2206.00364, equation 5). */
    KARRAS {
        @Override
        double level(double place, double shifted, double first, double last) {
            double from = Math.pow(first, 1 / RHO);
            return Math.pow(from + place * (Math.pow(last, 1 / RHO) - from), RHO);
        }
    },
    /** Evenly in log s. */
    EXPONENTIAL {
        @Override
        double level(double place, double shifted, double first, double last) {
            return Math.exp((1 - place) * Math.log(first) + place * Math.log(last));
        }
    },
    /** At quantiles of the Beta distribution with both parameters 0.6, so densest at both ends (Lee et al., arXiv:2407.12173). */
    BETA {
        @Override
        double level(double place, double shifted, double first, double last) {
            return last + QUANTILES.inverseCumulativeProbability(1 - place) * (first - last);
        }
    };

    private static final double RHO = 7;
    private static final BetaDistribution QUANTILES = new BetaDistribution(null, 0.6, 0.6, 1e-14);

    /**
     * One level.
     *
     * @param place from 0, at the first level, to 1, at the last
     * @param shifted the level that the shift put there
     */
    abstract double level(double place, double shifted, double first, double last);

    /** Moves the levels between the first and the last. */
    void space(double[] levels) {
        int end = levels.length - 1;
        double first = levels[0];
        double last = levels[end];
        for (int k = 1; k < end; k++) {
            levels[k] = level((double) k / end, levels[k], first, last);
        }
    }
}
