package dev.rlcm.supervised;

import dev.rlcm.check.Check;
import dev.rlcm.optim.AdamWConfig;
import dev.rlcm.optim.LearningRateSchedule;
import dev.rlcm.optim.LossScaling;
import dev.rlcm.optim.ParameterGroups;

/**
 * How {@link SupervisedTrainer} trains.
 *
 * @param steps optimiser steps in all, at least 1
 * @param accumulation batches whose mean gradient makes a step, at least 1
 * @param optimizer with which settings each parameter is optimised
 * @param schedule of the learning rate, by steps
 * @param maxGradNorm the bound on the norm of a step's gradient, positive
 * @param lossScaling how the loss is scaled where gradients are computed in FLOAT16
 */
public record SupervisedConfig(
        long steps,
        int accumulation,
        ParameterGroups optimizer,
        LearningRateSchedule schedule,
        double maxGradNorm,
        LossScaling lossScaling) {
    public SupervisedConfig {
        Check.atLeast(1, "steps", steps);
        Check.atLeast(1, "accumulation", accumulation);
        Check.that(maxGradNorm > 0, "maxGradNorm", "positive", maxGradNorm);
    }

    /**
     * The given number of steps, a batch each: AdamW at 1e-4 with betas 0.9 and 0.999 and weight decay 1e-2 of matrices, as
     * PyTorch has it by default but for the rate; warm-up over the first thirtieth and a cosine to 0; norms up to 1.
     */
    public static SupervisedConfig steps(long steps) {
        long warmup = Math.max(1, steps / 30);
        return new SupervisedConfig(
                steps,
                1,
                ParameterGroups.decayingMatrices(AdamWConfig.defaults().withWeightDecay(1e-2)),
                LearningRateSchedule.warmup(warmup, LearningRateSchedule.cosine(Math.max(1, steps - warmup))),
                1,
                LossScaling.defaults());
    }

    public SupervisedConfig withAccumulation(int value) {
        return new SupervisedConfig(steps, value, optimizer, schedule, maxGradNorm, lossScaling);
    }

    public SupervisedConfig withOptimizer(ParameterGroups value) {
        return new SupervisedConfig(steps, accumulation, value, schedule, maxGradNorm, lossScaling);
    }

    public SupervisedConfig withSchedule(LearningRateSchedule value) {
        return new SupervisedConfig(steps, accumulation, optimizer, value, maxGradNorm, lossScaling);
    }

    public SupervisedConfig withMaxGradNorm(double value) {
        return new SupervisedConfig(steps, accumulation, optimizer, schedule, value, lossScaling);
    }

    public SupervisedConfig withLossScaling(LossScaling value) {
        return new SupervisedConfig(steps, accumulation, optimizer, schedule, maxGradNorm, value);
    }
}
