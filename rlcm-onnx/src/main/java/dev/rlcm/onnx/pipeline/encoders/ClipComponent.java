package dev.rlcm.onnx.pipeline.encoders;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.Executable;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.pipeline.component.OnnxComponent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
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

    /**
     * Looks for the tower, in the directory and in its folder {@code onnx}.
     *
     * @param file the name of its own file
     * @param input that it cannot do without
     * @throws IllegalArgumentException if there is no file, or it has inputs of unknown meaning
     */
    static ClipComponent open(Path directory, String file, String input, String output) throws IOException {
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
        Value embeddings = graph.outputs().get(output);
        if (embeddings == null || embeddings.rank() != 2) {
            throw new IllegalArgumentException(model.path() + " has no output " + output
                    + " [batch, width], but " + graph.outputs().keySet()
                    + "; export the model with its projection, as CLIPModel or CLIPVisionModelWithProjection and"
                    + " CLIPTextModelWithProjection");
        }
        List<Value> inputs = graph.inputs().stream()
                .filter(value -> inputs().contains(value.label()))
                .toList();
        return new Graph(inputs, Map.of(output, embeddings.cast(DataType.FLOAT32)));
    }

    /** The names of this tower's inputs. */
    List<String> inputs() {
        boolean vision = input.equals(PIXEL_VALUES);
        return model.inputs().stream()
                .filter(name -> name.equals(PIXEL_VALUES) == vision)
                .toList();
    }
}
