package dev.rlcm.onnx.pipeline.encoders;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.Executable;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.OnnxSignature;
import dev.rlcm.onnx.ReadOptions;
import dev.rlcm.onnx.pipeline.component.OnnxComponent;
import dev.rlcm.onnx.pipeline.text.PromptTokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.Stream;

/** One of CLIP's towers: in a file of its own, or with the other one in {@code model.onnx}. */
record ClipComponent(OnnxComponent model, String input, String output) {
    static final String PIXEL_VALUES = "pixel_values";
    static final String INPUT_IDS = "input_ids";
    static final String ATTENTION_MASK = "attention_mask";

    private static final int CLIP_TOKENS = 77;

    /** The vision tower, see {@link #open}. */
    static ClipComponent vision(Path directory) throws IOException {
        return open(directory, "vision_model.onnx", PIXEL_VALUES, "image_embeds");
    }

    /** The text tower, see {@link #open}. */
    static ClipComponent text(Path directory) throws IOException {
        return open(directory, "text_model.onnx", INPUT_IDS, "text_embeds");
    }

    /**
     * Looks for the tower, in the directory and in its folder {@code onnx}.
     *
     * @param file the name of its own file
     * @param input that it cannot do without
     * @throws IllegalArgumentException if there is no file, or it has inputs of unknown meaning
     */
    private static ClipComponent open(Path directory, String file, String input, String output) throws IOException {
        Path path = Stream.of(file, "onnx/" + file, "model.onnx", "onnx/model.onnx")
                .map(directory::resolve)
                .filter(Files::isRegularFile)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(directory + " has neither " + file
                        + " nor model.onnx; export a CLIP model there, for example with: optimum-cli export onnx --model"
                        + " openai/clip-vit-large-patch14 " + directory));
        OnnxComponent model = OnnxComponent.open(path);
        model.expectInputs(
                List.of(input),
                Stream.of(PIXEL_VALUES, INPUT_IDS, ATTENTION_MASK)
                        .filter(name -> !name.equals(input))
                        .toList());
        return new ClipComponent(model, input, output);
    }

    /** This tower with its weights as the file has them, so that they can be trained. */
    ClipComponent trainable() throws IOException {
        return new ClipComponent(OnnxComponent.trainable(model.path(), ReadOptions.defaults()), input, output);
    }

    /**
     * The preparation of pictures.
     *
     * @throws IllegalArgumentException if its file is missing, with the remedy
     */
    static ClipImageProcessor processor(Path directory) throws IOException {
        Path config = directory.resolve("preprocessor_config.json");
        if (!Files.isRegularFile(config)) {
            throw new IllegalArgumentException(
                    config + " is missing; copy it from the model from which the ONNX file was exported");
        }
        return ClipImageProcessor.load(config);
    }

    /** The tokenizer, whose files lie in the directory or in its folder {@code tokenizer}, for texts as long as this tower takes. */
    PromptTokenizer tokenizer(Path directory) throws IOException {
        Path folder = directory.resolve("tokenizer");
        return PromptTokenizer.load(Files.isDirectory(folder) ? folder : directory, tokens(CLIP_TOKENS));
    }

    /** The length of texts: what the file says, if it does. */
    int tokens(int otherwise) {
        return model.inputs().contains(INPUT_IDS) ? model.dim(INPUT_IDS, 1).orElse(otherwise) : otherwise;
    }

    /**
     * The tower, which only runs forward.
     *
     * @param graphs compiles its {@link #graph} for a batch
     */
    ForwardNetwork forward(Backend backend, IntFunction<Executable> graphs) {
        boolean alone = !model.inputs().containsAll(List.of(PIXEL_VALUES, INPUT_IDS));
        return alone
                ? ForwardNetwork.of(model, backend, output, 2, graphs)
                : ForwardNetwork.ofGraphs(model, backend, output, 2, graphs);
    }

    /**
     * The tower's graph, with its own inputs, and the embeddings as its only output [B, D], FLOAT32.
     *
     * @param pixelValues [B, 3, H, W], if there is a vision tower
     * @param ids [B, S], if there is a text tower
     */
    Graph graph(Shape pixelValues, Shape ids) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        for (String input : model.inputs()) {
            Shape wanted = input.equals(PIXEL_VALUES) ? pixelValues : ids;
            shapes.put(input, model.bind(input, wanted.toArray()));
        }
        Graph graph;
        try {
            graph = model.load(shapes);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + model.path(), e);
        }
        requireProjection(graph.outputs().keySet());
        Value embeddings = graph.output(output);
        if (embeddings.rank() != 2) {
            throw notProjected(List.of(output + embeddings.shape()));
        }
        List<Value> inputs = graph.inputs().stream()
                .filter(value -> inputs().contains(value.label()))
                .toList();
        return new Graph(inputs, Map.of(output, embeddings.cast(DataType.FLOAT32)));
    }

    /**
     * Checks that the file has embeddings for an output.
     *
     * @throws IllegalArgumentException if it was exported without its projection
     */
    void requireProjection() {
        requireProjection(model.signature().outputs().stream()
                .map(OnnxSignature.Port::name)
                .toList());
    }

    private void requireProjection(Collection<String> outputs) {
        if (!outputs.contains(output)) {
            throw notProjected(outputs);
        }
    }

    private IllegalArgumentException notProjected(Collection<String> outputs) {
        return new IllegalArgumentException(model.path() + " has no output " + output + " [batch, width], but "
                + outputs + "; export the model with its projection, as CLIPModel or CLIPVisionModelWithProjection and"
                + " CLIPTextModelWithProjection");
    }

    /** The names of this tower's inputs. */
    List<String> inputs() {
        boolean vision = input.equals(PIXEL_VALUES);
        return model.inputs().stream()
                .filter(name -> name.equals(PIXEL_VALUES) == vision)
                .toList();
    }
}
