package dev.rlcm.rewards;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import dev.rlcm.io.Safetensors;
import dev.rlcm.onnx.pipeline.encoders.ClipImageEncoder;
import dev.rlcm.reward.DifferentiableReward;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Objects;

/**
 * How much people like a picture's looks, from about 1 to 10: the LAION aesthetic predictor (C. Schuhmann), a head on CLIP
 * embeddings of unit length, which DDPO (arXiv:2305.13301, section 5.1) and RLCM train for. Its layers have no activations
 * between them, so that the head is an affine function of the embedding.
 *
 * <p>Thread-safe; the encoder's memory is the backend's.
 */
public final class AestheticScore implements DifferentiableReward {
    private static final String LAION = "sac+logos+ava1-l14-linearMSE.safetensors";

    private final ClipImageEncoder images;
    private final AffineHead head;

    private AestheticScore(ClipImageEncoder images, AffineHead head) {
        this.images = images;
        this.head = head;
    }

    /**
     * The predictor that the papers use, {@code sac+logos+ava1-l14-linearMSE}, which this library brings along.
     *
     * @param images {@code openai/clip-vit-large-patch14}, whose embeddings have 768 elements
     */
    public static AestheticScore laion(ClipImageEncoder images) throws IOException {
        return new AestheticScore(images, laionHead());
    }

    static AffineHead laionHead() throws IOException {
        Path copy = Files.createTempFile("aesthetic", ".safetensors");
        try (InputStream in = Objects.requireNonNull(AestheticScore.class.getResourceAsStream(LAION), LAION)) {
            Files.copy(in, copy, StandardCopyOption.REPLACE_EXISTING);
            return head(copy);
        } finally {
            Files.delete(copy);
        }
    }

    /**
     * Another predictor of the same kind.
     *
     * @param head safetensors of linear layers {@code layers.N.weight} [out, in] and {@code layers.N.bias} [out], applied in
     *     the order of N, the last one with a single output
     * @throws IllegalArgumentException if the layers do not fit each other
     */
    public static AestheticScore load(ClipImageEncoder images, Path head) throws IOException {
        return new AestheticScore(images, head(head));
    }

    private static AffineHead head(Path file) throws IOException {
        return AffineHead.of(Safetensors.read(file), file);
    }

    @Override
    public double[] score(List<Sample> samples) {
        return images.embed(samples).stream().mapToDouble(head::apply).toArray();
    }

    @Override
    public Graph graph(int batch, int height, int width) {
        Value picture = Value.input(PICTURE, DataType.FLOAT32, Shape.of(batch, 3, height, width));
        return Graph.of("score", head.apply(images.embed(picture)));
    }
}
