package dev.rlcm.onnx.pipeline;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.Executable;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.pipeline.TextInput.Lengths;
import dev.rlcm.onnx.pipeline.TextInput.Tokens;
import dev.rlcm.onnx.pipeline.TextSource.Use;
import dev.rlcm.onnx.pipeline.component.JsonFile;
import dev.rlcm.onnx.pipeline.component.OnnxComponent;
import dev.rlcm.onnx.pipeline.component.Rows;
import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Prompts to what a model takes from one text encoder, one prompt a run, so that a prompt's states never depend on its neighbours.
 * Thread-safe.
 */
public final class TextEncoder implements AutoCloseable {
    public static final String INPUT = "input_ids";
    private static final String MASK = "attention_mask";
    private static final String PLACES = "position_ids";
    private static final String KEPT = "kept_tokens";
    private static final String STATES = "last_hidden_state";
    private static final String POOLED = "pooled";
    private static final String HIDDEN = "hidden_states.";

    private final TextInput input;
    private final Executable executable;
    private final OnnxComponent model;
    private final TextSource source;
    private final TextShape shape;

    private TextEncoder(
            TextInput input, Executable executable, OnnxComponent model, TextSource source, TextShape shape) {
        this.input = input;
        this.executable = executable;
        this.model = model;
        this.source = source;
        this.shape = shape;
    }

    /** @param adapters what is merged into its weights */
    static TextEncoder load(ModelDirectory directory, TextSource source, TextAdapters adapters, Backend backend)
            throws IOException {
        OnnxComponent model = OnnxComponent.open(directory.encoder(source.encoder()), directory.readingWithoutPaths());
        checkInputs(model);
        TextInput input = input(model, directory, source);
        try {
            Graph loaded = loaded(model, input.lengths());
            Graph adapted = adapters.merged(directory.family().component(source), loaded);
            Graph graph = taken(model, source, input.lengths(), adapted);
            return new TextEncoder(input, backend.compile(graph), model, source, shape(graph));
        } catch (IOException | RuntimeException e) {
            input.close();
            throw e;
        }
    }

    private static TextInput input(OnnxComponent model, ModelDirectory directory, TextSource source)
            throws IOException {
        return TextInput.load(
                directory.folder(source.tokenizer()),
                source,
                model.dim(INPUT, 1),
                positions(directory.configurationOrEmpty(source.encoder())));
    }

    /** The graph of a model's encoder for one prompt, with all outputs and with its weights as the file has them, by their names there. */
    static Graph trainable(ModelDirectory directory, TextSource source) throws IOException {
        OnnxComponent model =
                OnnxComponent.trainable(directory.encoder(source.encoder()), directory.readingWithoutPaths());
        checkInputs(model);
        try (TextInput input = input(model, directory, source)) {
            return loaded(model, input.lengths());
        }
    }

    /** The shapes of what a model's encoder gives, without its weights in memory. */
    static TextShape shape(ModelDirectory directory, TextSource source) throws IOException {
        OnnxComponent model = OnnxComponent.skim(directory.encoder(source.encoder()), directory.readingWithoutPaths());
        checkInputs(model);
        try (TextInput input = input(model, directory, source)) {
            return shape(graph(model, source, input.lengths()));
        }
    }

    /** The most tokens that an encoder takes, as far as its configuration says. */
    public static int positions(JsonFile config) {
        return config.count("max_position_embeddings").orElse(Integer.MAX_VALUE);
    }

    /**
     * What is taken of an encoder's results, as the outputs of a graph for one prompt, FLOAT32. If not all tokens' states are taken, their
     * indices are one more input.
     *
     * @throws IllegalArgumentException if it does not have them
     */
    public static Graph graph(OnnxComponent model, TextSource source, Lengths lengths) throws IOException {
        checkInputs(model);
        return taken(model, source, lengths, loaded(model, lengths));
    }

    private static void checkInputs(OnnxComponent model) {
        model.expectInputs(List.of(INPUT), List.of(MASK, PLACES));
    }

    private static Graph loaded(OnnxComponent model, Lengths lengths) throws IOException {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        for (String input : model.inputs()) {
            shapes.put(input, model.bind(input, 1, lengths.ids()));
        }
        return model.load(shapes);
    }

    private static Graph taken(OnnxComponent model, TextSource source, Lengths lengths, Graph loaded) {
        Map<String, Value> outputs = new LinkedHashMap<>();
        switch (source.layer()) {
            case NONE -> {}
            case LAST -> outputs.put(STATES, states(loaded, model));
            case PENULTIMATE -> outputs.put(STATES, output(model, loaded, 3, Stream.of(HIDDEN + (layers(loaded) - 1))));
            case QUARTERS -> outputs.put(STATES, quarters(model, loaded));
        }
        if (lengths.isCut()) {
            Value kept = Value.input(KEPT, DataType.INT64, Shape.of(lengths.kept()));
            outputs.computeIfPresent(STATES, (name, states) -> states.gather(1, kept));
        }
        if (source.is(Use.POOLED)) {
            outputs.put(POOLED, output(model, loaded, 2, Stream.of("text_embeds", "pooler_output")));
        }
        return Graph.of(outputs);
    }

    private static Value quarters(OnnxComponent model, Graph loaded) {
        int layers = layers(loaded);
        return Value.concat(
                2,
                IntStream.rangeClosed(1, 3)
                        .mapToObj(k -> output(model, loaded, 3, Stream.of(HIDDEN + k * layers / 4)))
                        .toList());
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
        Tokens tokens = input.of(prompt);
        long[] ids = tokens.ids();
        int[] kept = tokens.kept();
        Map<String, TensorData> inputs = new LinkedHashMap<>();
        inputs.put(INPUT, row(INPUT, ids));
        if (model.inputs().contains(MASK)) {
            long[] ones = new long[ids.length];
            Arrays.fill(ones, 0, source.is(Use.MASKED) ? tokens.used() : ids.length, 1);
            inputs.put(MASK, row(MASK, ones));
        }
        if (model.inputs().contains(PLACES)) {
            inputs.put(PLACES, row(PLACES, LongStream.range(0, ids.length).toArray()));
        }
        if (input.lengths().isCut()) {
            inputs.put(KEPT, TensorData.generate(DataType.INT64, Shape.of(kept.length), i -> kept[i]));
        }
        Map<String, TensorData> results = executable.run(inputs);
        return new TextRows(
                reshaped(results.get(STATES), shape.states()),
                reshaped(results.get(POOLED), Shape.of(shape.pooled())),
                TensorData.generate(DataType.FLOAT32, Shape.of(kept.length), i -> kept[i] < tokens.used() ? 1 : 0));
    }

    private static @Nullable TensorData reshaped(@Nullable TensorData result, Shape row) {
        return result == null ? null : result.reshape(row);
    }

    private TensorData row(String input, long[] values) {
        return Rows.convert(TensorData.longs(Shape.of(1, values.length), values), model.type(input));
    }

    /** Frees what the backend would free later. */
    @Override
    public void close() {
        executable.close();
        input.close();
    }
}
