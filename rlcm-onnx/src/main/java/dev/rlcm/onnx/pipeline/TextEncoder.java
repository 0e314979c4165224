package dev.rlcm.onnx.pipeline;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.Executable;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.pipeline.TextSource.Use;
import dev.rlcm.onnx.pipeline.component.JsonFile;
import dev.rlcm.onnx.pipeline.component.OnnxComponent;
import dev.rlcm.onnx.pipeline.component.Rows;
import dev.rlcm.onnx.pipeline.text.PromptTokenizer;
import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Prompts to what a model takes from one text encoder, one prompt a run, so that a prompt's states never depend on its neighbours.
 * Thread-safe.
 */
public final class TextEncoder implements AutoCloseable {
    public static final String INPUT = "input_ids";
    private static final String MASK = "attention_mask";
    private static final String STATES = "last_hidden_state";
    private static final String POOLED = "pooled";
    private static final String HIDDEN = "hidden_states.";

    private final PromptTokenizer tokenizer;
    private final Executable executable;
    private final OnnxComponent model;
    private final TextSource source;
    private final TextShape shape;

    private TextEncoder(
            PromptTokenizer tokenizer, Executable executable, OnnxComponent model, TextSource source, TextShape shape) {
        this.tokenizer = tokenizer;
        this.executable = executable;
        this.model = model;
        this.source = source;
        this.shape = shape;
    }

    /** @param adapters what is merged into its weights */
    static TextEncoder load(ModelDirectory directory, TextSource source, TextAdapters adapters, Backend backend)
            throws IOException {
        OnnxComponent model = OnnxComponent.open(directory.encoder(source.encoder()), directory.readingWithoutPaths());
        int longest = longest(model, directory.configurationOrEmpty(source.encoder()), source);
        PromptTokenizer tokenizer = PromptTokenizer.load(directory.folder(source.tokenizer()), longest);
        try {
            Graph loaded = loaded(model, tokenizer.maxLength());
            Graph adapted = adapters.merged(directory.family().component(source), loaded);
            Graph graph = taken(model, source, adapted);
            return new TextEncoder(tokenizer, backend.compile(graph), model, source, shape(graph));
        } catch (IOException | RuntimeException e) {
            tokenizer.close();
            throw e;
        }
    }

    /** The most tokens that an encoder takes, as far as it says. */
    public static int longest(OnnxComponent model, JsonFile config, TextSource source) {
        model.expectInputs(List.of(INPUT), List.of(MASK));
        int positions = config.count("max_position_embeddings").orElse(Integer.MAX_VALUE);
        return model.dim(INPUT, 1).orElse(Math.min(positions, source.tokens()));
    }

    /**
     * What is taken of an encoder's results, as the outputs of a graph for one prompt of that many tokens, FLOAT32.
     *
     * @throws IllegalArgumentException if it does not have them
     */
    public static Graph graph(OnnxComponent model, TextSource source, int tokens) throws IOException {
        return taken(model, source, loaded(model, tokens));
    }

    private static Graph loaded(OnnxComponent model, int tokens) throws IOException {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        for (String input : model.inputs()) {
            shapes.put(input, model.bind(input, 1, tokens));
        }
        return model.load(shapes);
    }

    private static Graph taken(OnnxComponent model, TextSource source, Graph loaded) {
        Map<String, Value> outputs = new LinkedHashMap<>();
        switch (source.layer()) {
            case NONE -> {}
            case LAST -> outputs.put(STATES, states(loaded, model));
            case PENULTIMATE -> outputs.put(STATES, output(model, loaded, 3, Stream.of(HIDDEN + (layers(loaded) - 1))));
        }
        if (source.is(Use.POOLED)) {
            outputs.put(POOLED, output(model, loaded, 2, Stream.of("text_embeds", "pooler_output")));
        }
        return Graph.of(outputs);
    }

    /**
     * The last hidden states of a text encoder's graph, [B, S, D], FLOAT32.
     *
     * @throws IllegalArgumentException if it has no such output
     */
    public static Value states(Graph graph, OnnxComponent model) {
        return output(model, graph, 3, Stream.of(STATES));
    }

    /** The shapes of a {@link #graph}'s results. */
    public static TextShape shape(Graph graph) {
        Value states = graph.outputs().get(STATES);
        Value pooled = graph.outputs().get(POOLED);
        return new TextShape(
                states == null ? 0 : states.dim(1),
                states == null ? 0 : states.dim(2),
                pooled == null ? 0 : pooled.dim(1));
    }

    /** The index of the last hidden states, of which those of index 0 are the embedded tokens. */
    private static int layers(Graph graph) {
        return graph.outputs().keySet().stream()
                .filter(name -> name.matches("hidden_states\\.\\d{1,4}"))
                .mapToInt(name -> Integer.parseInt(name.substring(HIDDEN.length())))
                .max()
                .orElse(0);
    }

    private static Value output(OnnxComponent model, Graph graph, int rank, Stream<String> names) {
        List<String> wanted = names.toList();
        Stream<Value> named = wanted.stream().map(graph.outputs()::get).filter(Objects::nonNull);
        Stream<Value> others = wanted.contains(STATES) ? graph.outputs().values().stream() : Stream.of();
        return Stream.concat(named, others)
                .filter(output -> output.rank() == rank)
                .findFirst()
                .map(output -> output.cast(DataType.FLOAT32))
                .orElseThrow(() -> new IllegalArgumentException(model.path() + " has no output "
                        + String.join(" or ", wanted) + (rank == 3 ? " [batch, sequence, width]" : " [batch, width]")
                        + ", but " + graph.outputs().keySet() + "; export it with Optimum's task text-to-image"));
    }

    TextShape shape() {
        return shape;
    }

    /** What the encoder makes of a prompt. */
    synchronized TextRows encode(String prompt) {
        long[] ids = tokenizer.encode(prompt);
        int used = Math.min(tokenizer.encodeUnpadded(prompt).length, ids.length);
        Map<String, TensorData> inputs = new LinkedHashMap<>();
        inputs.put(INPUT, row(INPUT, ids));
        float[] mask = new float[ids.length];
        Arrays.fill(mask, 0, used, 1);
        if (model.inputs().contains(MASK)) {
            long[] ones = new long[ids.length];
            Arrays.fill(ones, 0, source.is(Use.MASKED) ? used : ids.length, 1);
            inputs.put(MASK, row(MASK, ones));
        }
        Map<String, TensorData> results = executable.run(inputs);
        return new TextRows(
                Optional.ofNullable(results.get(STATES)).map(states -> states.reshape(shape.states())),
                Optional.ofNullable(results.get(POOLED)).map(pooled -> pooled.reshape(Shape.of(shape.pooled()))),
                TensorData.floats(Shape.of(ids.length), mask));
    }

    private TensorData row(String input, long[] values) {
        return Rows.convert(TensorData.longs(Shape.of(1, values.length), values), model.type(input));
    }

    /** Frees what the backend would free later. */
    @Override
    public void close() {
        executable.close();
        tokenizer.close();
    }
}
