package dev.rlcm.mdp;

/** What the network's output m estimates, given x = sqrt(abar) x0 + sqrt(1 - abar) eps. */
public enum PredictionType {
    /** The noise, m = eps. */
    EPSILON {
        @Override
        Affine cleanSample(double abar) {
            return new Affine(1 / Math.sqrt(abar), -Math.sqrt((1 - abar) / abar));
        }

        @Override
        Affine noise(double abar) {
            return new Affine(0, 1);
        }
    },
    /** The clean sample, m = x0. */
    SAMPLE {
        @Override
        Affine cleanSample(double abar) {
            return new Affine(0, 1);
        }

        @Override
        Affine noise(double abar) {
            return new Affine(1 / Math.sqrt(1 - abar), -Math.sqrt(abar / (1 - abar)));
        }
    },
    /** The velocity, m = sqrt(abar) eps - sqrt(1 - abar) x0 (Salimans and Ho, arXiv:2202.00512). */
    V_PREDICTION {
        @Override
        Affine cleanSample(double abar) {
            return new Affine(Math.sqrt(abar), -Math.sqrt(1 - abar));
        }

        @Override
        Affine noise(double abar) {
            return new Affine(Math.sqrt(1 - abar), Math.sqrt(abar));
        }
    };

    /** sample x + model m. */
    record Affine(double sample, double model) {
        Affine times(double factor) {
            return new Affine(factor * sample, factor * model);
        }

        Affine plus(Affine other) {
            return new Affine(sample + other.sample, model + other.model);
        }

        GaussianStep step(double timestep, double sigma) {
            return new GaussianStep(timestep, 1, sample, model, sigma);
        }
    }

    static final Affine IDENTITY = new Affine(1, 0);

    /** The estimate of x0 as a function of x and m. */
    abstract Affine cleanSample(double abar);

    /** The estimate of eps as a function of x and m. */
    abstract Affine noise(double abar);

    /** Parses the value of {@code prediction_type} in a scheduler configuration. */
    public static PredictionType parse(String name) {
        return Names.parse(PredictionType.class, "prediction_type", name);
    }
}
