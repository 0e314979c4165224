package dev.rlcm.examples;

import dev.rlcm.backend.Backend;
import dev.rlcm.onnx.pipeline.ClipImageEncoder;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.rewards.AestheticScore;
import dev.rlcm.rewards.ClipScore;
import dev.rlcm.rewards.JpegCompressibility;
import dev.rlcm.rewards.JpegIncompressibility;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The tasks of {@link Train}, with settings found by trying on the embedded model. */
enum Reward {
    compressibility(
            (backend, clip) -> new JpegCompressibility(), "reward (-kB)", "JPEG size", "kB", 1e-3, 100, 0.004, 4),
    incompressibility((backend, clip) -> new JpegIncompressibility(), "reward (kB)", "JPEG size", "kB", 2e-3, 55, 0, 1),
    clipscore(Reward::clipScore, "CLIPScore", "CLIPScore", "", 1e-3, 60, 0, 4),
    aesthetic(Reward::aesthetic, "LAION aesthetic score", "aesthetic score", "", 1e-3, 60, 0, 4);

    /** Makes the reward. */
    @FunctionalInterface
    interface Factory {
        /** @param clip directory of a CLIP export, if one was given */
        RewardFunction create(Backend backend, @Nullable Path clip) throws IOException;
    }

    final Factory factory;
    /** Of the learning curve. */
    final String label;
    /** What evaluations report, which is the reward up to its sign. */
    final String measure;

    final String unit;
    final double learningRate;
    final int epochs;
    final double driftWeight;
    final int samplesPerPrompt;

    Reward(
            Factory factory,
            String label,
            String measure,
            String unit,
            double learningRate,
            int epochs,
            double driftWeight,
            int samplesPerPrompt) {
        this.factory = factory;
        this.label = label;
        this.measure = measure;
        this.unit = unit;
        this.learningRate = learningRate;
        this.epochs = epochs;
        this.driftWeight = driftWeight;
        this.samplesPerPrompt = samplesPerPrompt;
    }

    /** Positive for the better and for the worse, as its measure is. */
    double measured(double reward) {
        return this == compressibility ? -reward : reward;
    }

    private static RewardFunction clipScore(Backend backend, @Nullable Path clip) throws IOException {
        return ClipScore.load(clip != null ? clip : EmbeddedModel.emojiClip(), backend);
    }

    private static RewardFunction aesthetic(Backend backend, @Nullable Path clip) throws IOException {
        if (clip == null) {
            throw new IllegalArgumentException("the reward aesthetic needs --clip, the directory of an ONNX export of"
                    + " openai/clip-vit-large-patch14");
        }
        return AestheticScore.laion(ClipImageEncoder.load(clip, backend));
    }
}
