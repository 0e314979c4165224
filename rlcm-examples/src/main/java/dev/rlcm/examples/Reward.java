package dev.rlcm.examples;

import dev.rlcm.reward.RewardFunction;
import dev.rlcm.rewards.JpegCompressibility;
import dev.rlcm.rewards.JpegIncompressibility;
import java.util.function.Supplier;

/** The tasks of {@link Train}, with settings found by trying on the embedded model. */
enum Reward {
    compressibility(JpegCompressibility::new, "reward (-kB)", 2e-3, 100, 0.012, 4, 0.08),
    incompressibility(JpegIncompressibility::new, "reward (kB)", 2e-3, 55, 0, 1, 0);

    final Supplier<RewardFunction> factory;
    final String label;
    final double learningRate;
    final int epochs;
    final double driftWeight;
    final int samplesPerPrompt;

    /** What counts as an advantage of 1, about the standard deviation within a prompt; 0 for that of each epoch. */
    final double advantageScale;

    Reward(
            Supplier<RewardFunction> factory,
            String label,
            double learningRate,
            int epochs,
            double driftWeight,
            int samplesPerPrompt,
            double advantageScale) {
        this.factory = factory;
        this.label = label;
        this.learningRate = learningRate;
        this.epochs = epochs;
        this.driftWeight = driftWeight;
        this.samplesPerPrompt = samplesPerPrompt;
        this.advantageScale = advantageScale;
    }
}
