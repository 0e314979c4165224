package dev.rlcm.mdp;

import dev.rlcm.mdp.PredictionType.Affine;

/** How a step of a flow-matching sampler draws noise, so that a policy gradient has actions to credit. */
public enum FlowNoise {
    /**
     * The stochastic differential equation that has the marginals of the flow's ordinary one, by the method of Euler and Maruyama
     * (Liu et al., Flow-GRPO, arXiv:2505.05470, eq. 9):
     *
     * <p>mean = x - (m + w^2 / (2 s) (x + (1 - s) m)) (s - s'), sigma = w sqrt(s - s'), w = a sqrt(s / (1 - s)). At s = 1, where w
     * has no bound, the 1 - s under the root is that of the next level, as in the authors' code. The marginals are right to first
     * order in s - s'.
     */
    SDE {
        @Override
        Affine mean(double level, double next, double a) {
            double w = rate(level, next, a);
            double drift = w * w / (2 * level);
            return IDENTITY.times(1 - drift * (level - next))
                    .plus(velocity(-(1 + drift * (1 - level)) * (level - next)));
        }

        @Override
        double sigma(double level, double next, double a) {
            return rate(level, next, a) * Math.sqrt(level - next);
        }

        private double rate(double level, double next, double a) {
            return a * Math.sqrt(level / (1 - (level == 1 ? next : level)));
        }
    },
    /**
     * Coefficients-preserving sampling (Wang and Yu, arXiv:2509.05952): the share of noise in the next state is that of the schedule,
     * part of it estimated and part of it fresh.
     *
     * <p>mean = (1 - s') x0 + sqrt(s'^2 - sigma^2) e, sigma = s' sin(a pi / 2), x0 = x - s m, e = x + (1 - s) m.
     */
    COEFFICIENTS_PRESERVING {
        @Override
        Affine mean(double level, double next, double a) {
            return clean(level).times(1 - next).plus(noise(level).times(next * Math.cos(a * Math.PI / 2)));
        }

        @Override
        double sigma(double level, double next, double a) {
            return next * Math.sin(a * Math.PI / 2);
        }
    };

    private static final Affine IDENTITY = PredictionType.IDENTITY;

    /** The estimate of x0 at a level, x - s m. */
    static Affine clean(double level) {
        return IDENTITY.plus(velocity(-level));
    }

    /** The estimate of the noise, x + (1 - s) m. */
    static Affine noise(double level) {
        return IDENTITY.plus(velocity(1 - level));
    }

    private static Affine velocity(double factor) {
        return new Affine(0, factor);
    }

    /** From level s to s' {@code <} s with noise level a; for a = 0 Euler's step along the flow. */
    GaussianStep step(double timestep, double level, double next, double a) {
        return a == 0
                ? clean(level).times(1 - next).plus(noise(level).times(next)).step(timestep, 0)
                : mean(level, next, a).step(timestep, sigma(level, next, a));
    }

    abstract Affine mean(double level, double next, double a);

    abstract double sigma(double level, double next, double a);
}
