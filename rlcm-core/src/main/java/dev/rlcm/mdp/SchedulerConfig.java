package dev.rlcm.mdp;

import dev.rlcm.check.Check;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A scheduler configuration as diffusers writes it ({@code scheduler/scheduler_config.json}), decoded to maps, strings,
 * numbers and booleans. Absent keys have LCMScheduler's defaults.
 */
record SchedulerConfig(Map<String, ?> values) {
    NoiseSchedule noise() {
        if (values.get("trained_betas") != null) {
            throw new IllegalArgumentException("trained_betas are not supported; give beta_schedule, start and end");
        }
        NoiseSchedule standard = NoiseSchedule.defaults();
        return new NoiseSchedule(
                BetaSchedule.parse(string("beta_schedule", "scaled_linear")),
                number("beta_start", standard.betaStart()),
                number("beta_end", standard.betaEnd()),
                integer("num_train_timesteps", standard.trainTimesteps()),
                flag("rescale_betas_zero_snr", false));
    }

    PredictionType prediction() {
        return PredictionType.parse(string("prediction_type", "epsilon"));
    }

    /** Clipped predictions are not affine in the network's output, and their log-probabilities are not Gaussian. */
    void refuseClipping(boolean clippedByDefault) {
        if (flag("clip_sample", clippedByDefault)) {
            throw new IllegalArgumentException(
                    "clip_sample must be false, got true (the default of some schedulers): a clipped step is not affine");
        }
        if (flag("thresholding", false)) {
            throw new IllegalArgumentException(
                    "thresholding must be false, got true: a thresholded step is not affine");
        }
    }

    String string(String key, String otherwise) {
        return value(key, String.class, otherwise);
    }

    double number(String key, double otherwise) {
        return value(key, Number.class, otherwise).doubleValue();
    }

    int integer(String key, int otherwise) {
        double value = number(key, otherwise);
        Check.that(value == (int) value, key, "an integer", value);
        return (int) value;
    }

    boolean flag(String key, boolean otherwise) {
        return value(key, Boolean.class, otherwise);
    }

    private <T> T value(String key, Class<T> type, T otherwise) {
        @Nullable Object value = values.get(key);
        if (value == null) {
            return otherwise;
        }
        Check.that(type.isInstance(value), key, "a " + type.getSimpleName(), value);
        return type.cast(value);
    }
}
