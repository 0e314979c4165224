package dev.rlcm.onnx.pipeline.encoders;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.Executable;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.io.FileErrors;
import dev.rlcm.onnx.pipeline.component.JsonFile;
import dev.rlcm.onnx.pipeline.component.OnnxComponent;
import dev.rlcm.onnx.pipeline.component.RecentlyUsed;
import dev.rlcm.onnx.pipeline.component.Rows;
import dev.rlcm.onnx.pipeline.text.PromptTokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.IntToDoubleFunction;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

/**
 * Turns texts into contextual embeddings of their tokens, by an encoder such as BERT, RoBERTa or DeBERTa that Optimum
 * exported ({@code optimum-cli export onnx --task feature-extraction}): a folder with {@code model.onnx}, {@code config.json},
 * {@code tokenizer.json} and {@code tokenizer_config.json}, or the streams of network and tokenizer, which is how libraries
 * carry such models as resources.
 *
 * <p>Without {@code config.json} the longest text is as long as the network's table of positions. RoBERTa and its kin cannot do
 * without the file, since they leave the first positions out.
 *
 * <p>A text is run by itself, padded to the next of the lengths 32, 64, 128 and so on, so that its result never depends on
 * other texts. ONNX Runtime runs the file as it is if the last layer is asked for; for other layers and backends the weights are
 * read again at the first use of a length, and a graph is compiled, which stays in memory. The embeddings of the texts used last
 * are kept.
 *
 * <p>Thread-safe. What it holds is freed by {@link #close}, the graphs also by closing the backend.
 */
public final class BertEncoder implements AutoCloseable {
    private static final String IDS = "input_ids";
    private static final String MASK = "attention_mask";
    private static final String SEGMENTS = "token_type_ids";
    private static final int SHORTEST = 32;
    private static final int UNLIMITED = 1 << 20;
    private static final int MAX_CACHED = 1024;
    private static final Pattern POSITIONS = Pattern.compile(".*position_embeddings\\.weight(_quantized)?");

    private final OnnxComponent model;
    private final OptionalInt layer;
    private final PromptTokenizer tokenizer;
    private final Backend backend;
    private final Set<Long> frame;
    private final ForwardNetwork network;
    private final Map<String, TensorData> cache = new RecentlyUsed<>(MAX_CACHED);

    /**
     * A text's tokens, those that the tokenizer adds included, after truncation.
     *
     * @param ids T vocabulary entries
     * @param states [T, D], FLOAT32; shared, not to be changed
     */
    public record Tokens(List<Long> ids, TensorData states) {
        /** Copies the ids. */
        public Tokens {
            ids = List.copyOf(ids);
        }
    }

    private BertEncoder(OnnxComponent model, OptionalInt layer, PromptTokenizer tokenizer, Backend backend) {
        this.model = model;
        this.layer = layer;
        this.tokenizer = tokenizer;
        this.backend = backend;
        this.network = layer.isPresent()
                ? ForwardNetwork.ofGraphs(model, backend, HiddenLayer.LAST, 3, this::compile)
                : ForwardNetwork.of(model, backend, HiddenLayer.LAST, 3, this::compile);
        this.frame = Set.copyOf(ids(""));
    }

    /**
     * Loads an encoder whose embeddings are its output {@code last_hidden_state}.
     *
     * @throws IOException if a file cannot be read
     * @throws IllegalArgumentException if a file is missing or is not what it should be; the message says what to do
     * @throws dev.rlcm.graph.GraphException if the ONNX file holds what is not supported
     */
    public static BertEncoder load(Path directory, Backend backend) throws IOException {
        return load(directory, backend, OptionalInt.empty());
    }

    /**
     * Loads an encoder whose embeddings are the hidden states of a layer; later layers are not computed. That is the output
     * {@code hidden_states.<layer>} or, where there is none, what the names of the export's operators show to be the layer.
     *
     * @param layer 0 for the embeddings before the first block, k for what the k-th block returns
     * @throws IllegalArgumentException also if there is no such layer; the message tells which there are
     * @see #load(Path, Backend)
     */
    public static BertEncoder load(Path directory, Backend backend, int layer) throws IOException {
        return load(directory, backend, OptionalInt.of(layer));
    }

    /**
     * Loads an encoder from streams, such as those of resources on the class path, which are read to their ends. Its
     * embeddings are its output {@code last_hidden_state}.
     *
     * @param model an ONNX file with its weights in it
     * @param tokenizer a {@code tokenizer.json}, which names the pad token
     * @see #load(Path, Backend)
     */
    public static BertEncoder load(InputStream model, InputStream tokenizer, Backend backend) throws IOException {
        OnnxComponent network = OnnxComponent.of(model.readAllBytes(), Path.of("the BERT's stream"));
        JsonFile json = JsonFile.read(tokenizer, Path.of("the tokenizer's stream"));
        return load(network, longest -> PromptTokenizer.of(json, longest), UNLIMITED, backend, OptionalInt.empty());
    }

    private static BertEncoder load(Path directory, Backend backend, OptionalInt layer) throws IOException {
        for (String name : List.of("model.onnx", "tokenizer.json")) {
            if (!Files.isRegularFile(directory.resolve(name))) {
                throw new IllegalArgumentException(directory + " has no " + name
                        + "; export the model with: optimum-cli export onnx --model MODEL --task feature-extraction "
                        + directory);
            }
        }
        return load(
                OnnxComponent.open(directory.resolve("model.onnx")),
                longest -> PromptTokenizer.load(directory, longest),
                positions(JsonFile.readIfPresent(directory.resolve("config.json"))),
                backend,
                layer);
    }

    /** Makes a tokenizer for texts of limited length. */
    @FunctionalInterface
    private interface Tokenizers {
        PromptTokenizer of(int longest) throws IOException;
    }

    private static BertEncoder load(
            OnnxComponent model, Tokenizers tokenizers, int configured, Backend backend, OptionalInt layer)
            throws IOException {
        model.expectInputs(List.of(IDS, MASK), List.of(SEGMENTS));
        int longest = model.dim(IDS, 1).orElse(configured == UNLIMITED ? table(model) : configured);
        PromptTokenizer tokenizer = tokenizers.of(longest);
        try {
            BertEncoder encoder = new BertEncoder(model, layer, tokenizer, backend);
            encoder.network.prepare(encoder.length(1));
            return encoder;
        } catch (UncheckedIOException e) {
            tokenizer.close();
            throw FileErrors.naming(model.path(), e.getCause());
        } catch (RuntimeException e) {
            tokenizer.close();
            throw e;
        }
    }

    /** The longest text; RoBERTa and its kin number positions from the pad token's id + 1 on. */
    private static int positions(JsonFile config) {
        int positions = config.count("max_position_embeddings").orElse(UNLIMITED);
        boolean shifted = config.text("model_type").orElse("").matches(".*roberta.*|camembert|mpnet");
        return shifted ? positions - 1 - (int) config.real("pad_token_id").orElse(1) : positions;
    }

    /** The rows of the network's table of positions, if it has one of the usual name. */
    private static int table(OnnxComponent model) {
        return model.signature().weights().entrySet().stream()
                .filter(weight -> POSITIONS.matcher(weight.getKey()).matches()
                        && weight.getValue().rank() == 2)
                .mapToInt(weight -> weight.getValue().dim(0))
                .min()
                .orElse(UNLIMITED);
    }

    /** The most tokens of a text, those that the tokenizer adds included; what is beyond is cut off. */
    public int maxLength() {
        return tokenizer.maxLength();
    }

    /** The ids that the tokenizer puts around every text: those of [CLS] and [SEP], or what the model has for them. */
    public Set<Long> frame() {
        return frame;
    }

    /** The ids of {@link #encode}, without running the network. */
    public List<Long> ids(String text) {
        return LongStream.of(tokenizer.encodeUnpadded(text)).boxed().toList();
    }

    /**
     * Runs the network on one text.
     *
     * @throws IllegalStateException if this encoder or its backend is closed
     * @throws dev.rlcm.backend.BackendException if the computation fails
     */
    public Tokens encode(String text) {
        List<Long> ids = ids(text);
        synchronized (cache) {
            return new Tokens(ids, cache.computeIfAbsent(text, t -> states(ids)));
        }
    }

    private TensorData states(List<Long> ids) {
        int count = ids.size();
        int length = length(count);
        Map<String, TensorData> inputs = new HashMap<>();
        inputs.put(IDS, row(IDS, length, i -> i < count ? ids.get(i) : tokenizer.padId()));
        inputs.put(MASK, row(MASK, length, i -> i < count ? 1 : 0));
        if (model.inputs().contains(SEGMENTS)) {
            inputs.put(SEGMENTS, row(SEGMENTS, length, i -> 0));
        }
        TensorData states = network.run(length, inputs);
        int width = states.shape().dim(2);
        return Rows.slice(states.reshape(Shape.of(length, width)), 0, count);
    }

    /** Frees what the backend would free later; idempotent. */
    @Override
    public void close() {
        tokenizer.close();
        network.close();
    }

    private TensorData row(String input, int length, IntToDoubleFunction values) {
        return TensorData.generate(model.type(input), Shape.of(1, length), values);
    }

    /** The length that a text of so many tokens is padded to. */
    private int length(int tokens) {
        int length = SHORTEST;
        while (length < tokens) {
            length *= 2;
        }
        return model.dim(IDS, 1).orElse(Math.min(length, maxLength()));
    }

    private Executable compile(int length) {
        try {
            Graph graph = model.load(model.inputs().stream()
                    .collect(Collectors.toMap(name -> name, name -> model.bind(name, 1, length))));
            Value states = layer.isPresent()
                    ? HiddenLayer.of(graph, layer.getAsInt(), model.path())
                    : HiddenLayer.last(graph, model.path());
            return backend.compile(new Graph(graph.inputs(), Map.of(HiddenLayer.LAST, states.cast(DataType.FLOAT32))));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + model.path(), e);
        }
    }
}
