package dev.rlcm.examples.pretraining;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.OnnxModels;
import dev.rlcm.onnx.pipeline.ModelDirectory;
import dev.rlcm.onnx.pipeline.TextEncoder;
import dev.rlcm.onnx.pipeline.component.OnnxComponent;
import dev.rlcm.onnx.pipeline.text.PromptTokenizer;
import dev.rlcm.rewrite.patterns.RaisePatterns;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A model's text encoder, for batches of one size, and its tokenizer. Not thread-safe. Closing frees the tokenizer. */
final class CaptionEncoder implements AutoCloseable {
    private final TrainableNetwork network;
    private final PromptTokenizer tokenizer;
    private final Value ids;

    private CaptionEncoder(TrainableNetwork network, PromptTokenizer tokenizer, Value ids) {
        this.network = network;
        this.tokenizer = tokenizer;
        this.ids = ids;
    }

    /**
     * Reads tokenizer and network.
     *
     * @throws IllegalArgumentException if the network takes other inputs than token ids, or gives no states
     */
    static CaptionEncoder load(ModelDirectory directory, int rows) throws IOException {
        Path file = directory.textEncoder();
        OnnxComponent model = OnnxComponent.trainable(file, directory.reading());
        model.expectInputs(List.of(TextEncoder.INPUT), List.of());
        int longest = model.dim(TextEncoder.INPUT, 1).orElse(directory.maxTokens());
        PromptTokenizer tokenizer = PromptTokenizer.load(directory.tokenizer(), longest);
        try {
            Graph loaded =
                    model.load(Map.of(TextEncoder.INPUT, model.bind(TextEncoder.INPUT, rows, tokenizer.maxLength())));
            Graph graph = RaisePatterns.raise(loaded);
            Value states = TextEncoder.states(graph, model);
            return new CaptionEncoder(
                    TrainableNetwork.of("text_encoder", file, states, OnnxModels.weightNames(file)),
                    tokenizer,
                    graph.input(TextEncoder.INPUT));
        } catch (IOException | RuntimeException e) {
            tokenizer.close();
            throw e;
        }
    }

    TrainableNetwork network() {
        return network;
    }

    /** The token ids that {@link #states} is a function of, [B,S], INT64 or INT32. */
    Value ids() {
        return ids;
    }

    /** The hidden states of the captions, [B,S,D], FLOAT32. */
    Value states() {
        return network.on(Map.of());
    }

    /** Puts a caption's token ids into a row of ids. */
    void put(String caption, TensorData ids, int row) {
        put(tokenizer.encode(caption), ids, row);
    }

    /** Puts token ids, [S], into a row of ids, [B,S]. */
    static void put(long[] tokens, TensorData ids, int row) {
        for (int i = 0; i < tokens.length; i++) {
            ids.setLong(row * tokens.length + i, tokens[i]);
        }
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
