package dev.rlcm.onnx.pipeline.encoders;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.Executable;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.pipeline.component.Rows;
import dev.rlcm.reward.Sample;
import dev.rlcm.rewrite.Rewriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * CLIP's vision tower: pictures to embeddings of unit length (arXiv:2103.00020). Thread-safe; its memory is the backend's.
 */
public final class ClipImageEncoder {
    private static final int PIXELS_PER_RUN = 1 << 19; // 8 pictures of 224 x 224
    private static final int SHORTEST_TEXT = 2; // of the text tower, where it is in the same file

    private final ClipComponent tower;
    private final ClipImageProcessor processor;
    private final Backend backend;
    private final int mostPerRun;
    private final ForwardNetwork network;

    private ClipImageEncoder(ClipComponent tower, ClipImageProcessor processor, Backend backend) {
        this.tower = tower;
        this.processor = processor;
        this.backend = backend;
        Shape picture = processor.shape();
        this.network = tower.forward(backend, this::compile);
        this.mostPerRun = Math.max(1, PIXELS_PER_RUN / (picture.dim(1) * picture.dim(2)));
    }

    /**
     * Reads the interface of {@code vision_model.onnx}, or of {@code model.onnx}, and {@code preprocessor_config.json};
     * weights are read at the first use.
     *
     * @param directory of an export of {@code CLIPModel} or {@code CLIPVisionModelWithProjection}; the model may lie in its
     *     folder {@code onnx}
     * @throws IllegalArgumentException if a file is missing or not CLIP's, with the remedy
     */
    public static ClipImageEncoder load(Path directory, Backend backend) throws IOException {
        return of(ClipComponent.vision(directory), ClipComponent.processor(directory), backend);
    }

    private static ClipImageEncoder of(ClipComponent tower, ClipImageProcessor processor, Backend backend) {
        Shape picture = processor.shape();
        int batch = tower.model().dim(ClipComponent.PIXEL_VALUES, 0).orElse(1);
        tower.model().bind(ClipComponent.PIXEL_VALUES, batch, picture.dim(0), picture.dim(1), picture.dim(2));
        return new ClipImageEncoder(tower, processor, backend);
    }

    /** This encoder with another preparation of pictures. */
    public ClipImageEncoder withProcessor(ClipImageProcessor other) {
        return of(tower, other, backend);
    }

    public ClipImageProcessor processor() {
        return processor;
    }

    /** One embedding of unit length per picture, in their order: [D], FLOAT32 widened; owned by the caller. */
    public List<double[]> embed(List<Sample> samples) {
        List<double[]> embeddings = new ArrayList<>();
        for (Rows.Chunk chunk : Rows.chunks(samples.size(), mostPerRun)) {
            List<TensorData> pictures = samples.subList(chunk.from(), chunk.to()).stream()
                    .map(processor::pixelValues)
                    .toList();
            TensorData batch = Rows.convert(Rows.stack(pictures), tower.model().type(ClipComponent.PIXEL_VALUES));
            TensorData result = network.run(chunk.size(), Map.of(ClipComponent.PIXEL_VALUES, batch));
            embeddings.addAll(UnitVectors.rows(result, tower.model().path()));
        }
        return embeddings;
    }

    /**
     * The encoder as a graph that can be differentiated: it prepares pictures as the {@link #processor} does, but does not round
     * them to 8 bits.
     *
     * @param picture FLOAT32 [B,3,H,W], in [0, 1]
     * @return embeddings of unit length, [B, D]
     */
    public Value embed(Value picture) {
        Value pixels = processor.pixelValues(picture).cast(tower.model().type(ClipComponent.PIXEL_VALUES));
        Shape ids = Shape.of(1, tower.tokens(SHORTEST_TEXT));
        Graph graph = tower.graph(pixels.shape(), ids);
        Value input = graph.input(ClipComponent.PIXEL_VALUES);
        return Rewriter.rewrite(graph, value -> value == input ? pixels : value)
                .output(tower.output())
                .unit(1);
    }

    private Executable compile(int batch) {
        Shape ids = Shape.of(1, tower.tokens(SHORTEST_TEXT));
        return backend.compile(tower.graph(Rows.prepend(batch, processor.shape()), ids));
    }
}
