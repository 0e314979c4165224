package dev.rlcm.distill;

import dev.rlcm.check.Check;

/**
 * What {@link ConsistencyDistiller} compares.
 *
 * @param rows the number of latents in a batch, at least 1
 * @param minGuidance the least guidance scale of the teacher, at least 1, which is none; the paper's w + 1
 * @param maxGuidance the largest, which is drawn as often as the least; the same for a student that cannot be told the scale
 * @param loss how far the student is from its target
 * @param targetDecay of the moving average of the student that gives the targets, in [0, 1); 0 is the student itself
 * @param averageDecay of the moving average that is kept for sampling, in [0, 1); 0 keeps none
 * @param seed of all draws
 */
public record DistillationConfig(
        int rows,
        double minGuidance,
        double maxGuidance,
        ConsistencyLoss loss,
        double targetDecay,
        double averageDecay,
        long seed) {
    public DistillationConfig {
        Check.atLeast(1, "rows", rows);
        Check.that(minGuidance >= 1, "minGuidance", "at least 1", minGuidance);
        Check.that(
                maxGuidance >= minGuidance && Double.isFinite(maxGuidance),
                "maxGuidance",
                "at least minGuidance, " + minGuidance + ", and finite",
                maxGuidance);
        Check.that(targetDecay >= 0 && targetDecay < 1, "targetDecay", "in [0, 1)", targetDecay);
        Check.that(averageDecay >= 0 && averageDecay < 1, "averageDecay", "in [0, 1)", averageDecay);
    }

    /**
     * Guidance from 3 to 15 and targets by an average of decay 0.95, as in Luo et al. (arXiv:2310.04378, section 5.1, w from 2
     * to 14); pseudo-Huber loss with c = 0.001, as in diffusers' script; 16 rows, no average for sampling, seed 0.
     */
    public static DistillationConfig defaults() {
        return new DistillationConfig(16, 3, 15, ConsistencyLoss.pseudoHuber(1e-3), 0.95, 0, 0);
    }

    /**
     * A scale of the range.
     *
     * @param share in [0, 1): 0 is the least
     */
    double guidance(double share) {
        return minGuidance + share * (maxGuidance - minGuidance);
    }

    public DistillationConfig withRows(int value) {
        return new DistillationConfig(value, minGuidance, maxGuidance, loss, targetDecay, averageDecay, seed);
    }

    /** The same guidance scale always. */
    public DistillationConfig withGuidance(double scale) {
        return withGuidance(scale, scale);
    }

    public DistillationConfig withGuidance(double least, double largest) {
        return new DistillationConfig(rows, least, largest, loss, targetDecay, averageDecay, seed);
    }

    public DistillationConfig withLoss(ConsistencyLoss value) {
        return new DistillationConfig(rows, minGuidance, maxGuidance, value, targetDecay, averageDecay, seed);
    }

    public DistillationConfig withTargetDecay(double value) {
        return new DistillationConfig(rows, minGuidance, maxGuidance, loss, value, averageDecay, seed);
    }

    public DistillationConfig withAverageDecay(double value) {
        return new DistillationConfig(rows, minGuidance, maxGuidance, loss, targetDecay, value, seed);
    }

    public DistillationConfig withSeed(long value) {
        return new DistillationConfig(rows, minGuidance, maxGuidance, loss, targetDecay, averageDecay, value);
    }
}
