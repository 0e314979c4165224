package dev.rlcm.rewards;

import dev.rlcm.backend.Backend;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.pipeline.encoders.ClipImageEncoder;
import dev.rlcm.onnx.pipeline.encoders.ClipTextEncoder;
import dev.rlcm.reward.DifferentiableReward;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * How well a picture fits its prompt: CLIPScore = w max(cos(v, c), 0), with the embeddings v of the picture and c of the
 * prompt, and w = 2.5 (Hessel et al., arXiv:2104.08718, section 3).
 *
 * <p>Thread-safe; the encoders' memory is the backend's.
 *
 * @param weight w, finite
 */
public record ClipScore(ClipImageEncoder images, ClipTextEncoder texts, double weight) implements DifferentiableReward {
    private static final double WEIGHT = 2.5;
    private static final String TEXT = "text_embeds";

    public ClipScore {
        if (!Double.isFinite(weight)) {
            throw new IllegalArgumentException("the weight must be finite, got " + weight);
        }
    }

    /** With w = 2.5. */
    public ClipScore(ClipImageEncoder images, ClipTextEncoder texts) {
        this(images, texts, WEIGHT);
    }

    /**
     * With a model's encoders and w = 2.5.
     *
     * @see ClipImageEncoder#load
     * @see ClipTextEncoder#load
     */
    public static ClipScore load(Path directory, Backend backend) throws IOException {
        return new ClipScore(ClipImageEncoder.load(directory, backend), ClipTextEncoder.load(directory, backend));
    }

    @Override
    public double[] score(List<Sample> samples) {
        double[] scores = Cosines.ofPrompts(images, texts, samples);
        for (int i = 0; i < scores.length; i++) {
            scores[i] = weight * Math.max(scores[i], 0);
        }
        return scores;
    }

    @Override
    public Graph graph(int batch, int height, int width) {
        Value picture = Value.input(PICTURE, DataType.FLOAT32, Shape.of(batch, 3, height, width));
        Value embedding = images.embed(picture);
        Value text = Value.input(TEXT, DataType.FLOAT32, embedding.shape());
        Value cosine = embedding.mul(text).sum(false, 1);
        return Graph.of("score", cosine.max(cosine.like(0)).mul(weight));
    }

    @Override
    public Map<String, TensorData> condition(String prompt) {
        double[] embedding = texts.embed(prompt);
        return Map.of(TEXT, TensorData.generate(DataType.FLOAT32, Shape.of(embedding.length), i -> embedding[i]));
    }
}
