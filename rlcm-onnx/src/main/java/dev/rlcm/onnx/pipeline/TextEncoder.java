package dev.rlcm.onnx.pipeline;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.Executable;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.pipeline.component.OnnxComponent;
import dev.rlcm.onnx.pipeline.component.RecentlyUsed;
import dev.rlcm.onnx.pipeline.component.Rows;
import dev.rlcm.onnx.pipeline.text.PromptTokenizer;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/**
 * Prompts to hidden states [S, D], FLOAT32, one prompt a run, so that a prompt's states never depend on its neighbours.
 * The states of the prompts used last are kept. Thread-safe.
 */
public final class TextEncoder implements AutoCloseable {
    public static final String INPUT = "input_ids";
    public static final String OUTPUT = "last_hidden_state";
    private static final long CACHE_BYTES = 64L << 20; // 284 prompts of Stable Diffusion 1.5
    private static final int MAX_CACHED = 4096;

    private final PromptTokenizer tokenizer;
    private final Executable executable;
    private final DataType idType;
    private final Shape shape;
    private final Map<String, TensorData> cache;

    private TextEncoder(PromptTokenizer tokenizer, Executable executable, DataType idType, Shape shape) {
        this.tokenizer = tokenizer;
        this.executable = executable;
        this.idType = idType;
        this.shape = shape;
        long fitting = CACHE_BYTES / (shape.size() * Float.BYTES);
        int capacity = (int) Math.max(1, Math.min(MAX_CACHED, fitting));
        cache = new RecentlyUsed<>(capacity);
    }

    static TextEncoder load(ModelDirectory directory, Backend backend) throws IOException {
        OnnxComponent model = OnnxComponent.open(directory.textEncoder(), directory.readingWithoutPaths());
        model.expectInputs(List.of(INPUT), List.of());
        int longest = model.bind(INPUT, 1, model.dim(INPUT, 1).orElse(directory.maxTokens()))
                .dim(1);
        PromptTokenizer tokenizer = PromptTokenizer.load(directory.tokenizer(), longest);
        try {
            Graph graph = model.load(Map.of(INPUT, model.bind(INPUT, 1, tokenizer.maxLength())));
            Value states = states(graph, model);
            Executable executable = backend.compile(Graph.of(OUTPUT, states));
            Shape shape = Shape.of(states.dim(1), states.dim(2));
            return new TextEncoder(tokenizer, executable, model.type(INPUT), shape);
        } catch (IOException | RuntimeException e) {
            tokenizer.close();
            throw e;
        }
    }

    /**
     * The hidden states of a text encoder's graph, [B, S, D], FLOAT32.
     *
     * @throws IllegalArgumentException if it has no such output
     */
    public static Value states(Graph graph, OnnxComponent model) {
        Value named = graph.outputs().get(OUTPUT);
        return (named == null ? graph.outputs().values().stream() : List.of(named).stream())
                .filter(output -> output.rank() == 3)
                .findFirst()
                .map(output -> output.cast(DataType.FLOAT32))
                .orElseThrow(() -> new IllegalArgumentException(model.path() + " has no output " + OUTPUT
                        + " [batch, sequence, width], but " + graph.outputs().keySet()));
    }

    /** [S, D]. */
    Shape shape() {
        return shape;
    }

    /** The prompt's states [S, D]; shared, not to be changed. */
    synchronized TensorData encode(String prompt) {
        TensorData known = cache.get(prompt);
        if (known == null) {
            long[] ids = tokenizer.encode(prompt);
            TensorData input = TensorData.longs(Shape.of(1, ids.length), ids);
            known = executable
                    .run(Map.of(INPUT, Rows.convert(input, idType)))
                    .get(OUTPUT)
                    .reshape(shape);
            cache.put(prompt, known);
        }
        return known;
    }

    /** Frees what the backend would free later. */
    @Override
    public void close() {
        executable.close();
        tokenizer.close();
    }
}
