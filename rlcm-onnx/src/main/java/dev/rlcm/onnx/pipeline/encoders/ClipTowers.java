package dev.rlcm.onnx.pipeline.encoders;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.pipeline.component.ModelFiles;
import dev.rlcm.onnx.pipeline.component.Rows;
import dev.rlcm.onnx.pipeline.text.PromptTokenizer;
import dev.rlcm.rewrite.Rewriter;
import dev.rlcm.rewrite.patterns.RaisePatterns;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/**
 * Both towers of a CLIP (arXiv:2103.00020) as graphs whose weights can be trained, with the preparation of what goes in. The directory is the
 * same that {@link ClipImageEncoder} and {@link ClipTextEncoder} load.
 *
 * <p>Not thread-safe. Closing frees the tokenizer.
 */
public final class ClipTowers implements AutoCloseable {
    private static final Set<String> ENDINGS = Set.of("onnx", "onnx_data", "data", "json", "txt", "model");
    private static final List<String> FOLDERS = List.of("onnx", "tokenizer");

    private final ClipComponent vision;
    private final ClipComponent text;
    private final ClipImageProcessor processor;
    private final PromptTokenizer tokenizer;

    private ClipTowers(
            ClipComponent vision, ClipComponent text, ClipImageProcessor processor, PromptTokenizer tokenizer) {
        this.vision = vision;
        this.text = text;
        this.processor = processor;
        this.tokenizer = tokenizer;
    }

    /**
     * Reads the interfaces of the towers, {@code preprocessor_config.json} and the tokenizer.
     *
     * @param directory of an export of {@code CLIPModel}, or of its two towers with their projections
     * @throws IllegalArgumentException if a file is missing, or a tower has no embeddings for an output; with the remedy
     */
    public static ClipTowers open(Path directory) throws IOException {
        ClipComponent vision = ClipComponent.vision(directory);
        ClipComponent text = ClipComponent.text(directory);
        vision.requireProjection();
        text.requireProjection();
        return new ClipTowers(
                vision.trainable(), text.trainable(), ClipComponent.processor(directory), text.tokenizer(directory));
    }

    /**
     * Copies the files of a CLIP into another directory, each atomically: networks, their data, configurations and tokenizer. Other files
     * stay behind.
     *
     * @param to made if need be; files that are there are replaced
     * @throws IllegalArgumentException if it is the same directory
     * @throws IOException if a file cannot be read or written
     */
    public static void copy(Path from, Path to) throws IOException {
        ModelFiles.requireElsewhere(to, from);
        ModelFiles.copy(from, to, file -> from.equals(file.getParent()) && isOfModel(file));
        for (String folder : FOLDERS) {
            if (Files.isDirectory(from.resolve(folder))) {
                ModelFiles.copy(from.resolve(folder), to.resolve(folder), ClipTowers::isOfModel);
            }
        }
    }

    private static boolean isOfModel(Path file) {
        String name = file.getFileName().toString();
        return ENDINGS.contains(name.substring(name.lastIndexOf('.') + 1));
    }

    public ClipImageProcessor processor() {
        return processor;
    }

    /** The file that holds the vision tower; the same as {@link #textFile} if both are in one. */
    public Path visionFile() {
        return vision.model().path();
    }

    public Path textFile() {
        return text.model().path();
    }

    /** A text's token ids, [S], padded; owned by the caller. */
    public long[] tokens(String caption) {
        return tokenizer.encode(caption);
    }

    /**
     * The vision tower. Reads the weights at every call.
     *
     * @return a graph of one input, pixels [B,3,H,W] as {@link #processor} makes them, and one output, embeddings [B,D], FLOAT32, not of
     *     unit length. Its weights are constants that have their names in the file
     */
    public Graph vision(int batch) {
        return graph(vision, batch);
    }

    /** The text tower, likewise: of token ids [B,S], INT64 or INT32. A mask, if it takes one, is all ones. */
    public Graph text(int batch) {
        return graph(text, batch);
    }

    private Graph graph(ClipComponent tower, int batch) {
        Shape pixels = Rows.prepend(batch, processor.shape());
        Graph raised = RaisePatterns.raise(tower.graph(pixels, Shape.of(batch, tokenizer.maxLength())));
        Graph unmasked = Rewriter.rewrite(
                raised,
                value -> value.is(Op.INPUT) && value.label().equals(ClipComponent.ATTENTION_MASK)
                        ? Value.constant(TensorData.generate(value.type(), value.shape(), i -> 1))
                        : value);
        return Graph.of(tower.output(), unmasked.output(tower.output()));
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
