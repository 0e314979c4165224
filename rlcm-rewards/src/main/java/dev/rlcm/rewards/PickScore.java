package dev.rlcm.rewards;

import dev.rlcm.backend.Backend;
import dev.rlcm.onnx.pipeline.encoders.ClipImageEncoder;
import dev.rlcm.onnx.pipeline.encoders.ClipTextEncoder;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * The scaled similarity of picture and prompt, T cos(v, c), which CLIP is trained on. With the weights of PickScore
 * (Kirstain et al., arXiv:2305.01569, section 4) or HPS v2 (arXiv:2306.09341) it predicts people's preferences.
 *
 * <p>Thread-safe; the encoders' memory is the backend's.
 *
 * @param temperature T, exp of the model's parameter {@code logit_scale}, which ONNX exports of single towers lack; finite
 */
public record PickScore(ClipImageEncoder images, ClipTextEncoder texts, double temperature) implements RewardFunction {
    /** To which CLIP's training clips the temperature, and which it reaches. */
    private static final double CLIP_TEMPERATURE = 100;

    public PickScore {
        if (!Double.isFinite(temperature)) {
            throw new IllegalArgumentException("the temperature must be finite, got " + temperature);
        }
    }

    /** With a model's encoders and T = 100. */
    public static PickScore load(Path directory, Backend backend) throws IOException {
        return new PickScore(
                ClipImageEncoder.load(directory, backend), ClipTextEncoder.load(directory, backend), CLIP_TEMPERATURE);
    }

    @Override
    public double[] score(List<Sample> samples) {
        double[] scores = Cosines.ofPrompts(images, texts, samples);
        for (int i = 0; i < scores.length; i++) {
            scores[i] *= temperature;
        }
        return scores;
    }
}
