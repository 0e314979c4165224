package dev.rlcm.examples;

import dev.rlcm.reward.RewardFunction;
import dev.rlcm.rewards.JpegCompressibility;
import dev.rlcm.rewards.JpegIncompressibility;
import java.util.function.Supplier;

/** The tasks of {@link Train}, with settings found by trying on the embedded model. */
enum Reward {
    compressibility(JpegCompressibility::new, "reward (-kB)", 3e-3, 50, 0.003),
    incompressibility(JpegIncompressibility::new, "reward (kB)", 2e-3, 55, 0);

    final Supplier<RewardFunction> factory;
    final String label;
    final double learningRate;
    final int epochs;
    final double klWeight;

    Reward(Supplier<RewardFunction> factory, String label, double learningRate, int epochs, double klWeight) {
        this.factory = factory;
        this.label = label;
        this.learningRate = learningRate;
        this.epochs = epochs;
        this.klWeight = klWeight;
    }
}
