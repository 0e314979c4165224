package dev.rlcm.onnx.pipeline.encoders;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.pipeline.component.OnnxComponent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** One of CLIP's towers: in a file of its own, or with the other one in {@code model.onnx}. */
record ClipComponent(OnnxComponent model, String output) {
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
        return new ClipComponent(model, output);
    }

    /** The length of texts: what the file says, if it does. */
    int tokens(int otherwise) {
        return model.inputs().contains(INPUT_IDS) ? model.dim(INPUT_IDS, 1).orElse(otherwise) : otherwise;
    }

    /**
     * The tower's graph, with the embeddings as its only output [B, D], FLOAT32.
     *
     * @param pixelValues [B, 3, H, W], if there is a vision tower
     * @param ids [B, S], if there is a text tower
     */
    Graph graph(Shape pixelValues, Shape ids) throws IOException {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        for (String input : model.inputs()) {
            Shape wanted = input.equals(PIXEL_VALUES) ? pixelValues : ids;
            shapes.put(input, model.bind(input, wanted.toArray()));
        }
        Graph graph = model.load(shapes);
        Value embeddings = graph.outputs().get(output);
        if (embeddings == null || embeddings.rank() != 2) {
            throw new IllegalArgumentException(model.path() + " has no output " + output
                    + " [batch, width], but " + graph.outputs().keySet()
                    + "; export the model with its projection, as CLIPModel or CLIPVisionModelWithProjection and"
                    + " CLIPTextModelWithProjection");
        }
        return Graph.of(output, embeddings.cast(DataType.FLOAT32));
    }
}
