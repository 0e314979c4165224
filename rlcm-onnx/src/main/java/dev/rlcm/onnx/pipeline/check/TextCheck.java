package dev.rlcm.onnx.pipeline.check;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.pipeline.TextEncoder;
import dev.rlcm.onnx.pipeline.component.JsonFile;
import dev.rlcm.onnx.pipeline.component.OnnxComponent;
import dev.rlcm.onnx.pipeline.text.PromptTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The tokenizer, the text encoder, and whether they belong together. */
final class TextCheck {
    private static final String ENCODER = "text_encoder";
    private static final String TOKENIZER = "tokenizer";

    private final Layout layout;
    private final Findings findings;

    private TextCheck(Layout layout, Findings findings) {
        this.layout = layout;
        this.findings = findings;
    }

    /**
     * A text encoder that can be imported.
     *
     * @param graph for one prompt
     * @param states the shape [S, D] of its hidden states
     */
    record Encoder(Graph graph, Shape states) {}

    static Optional<Encoder> run(Layout layout, Findings findings) {
        return new TextCheck(layout, findings).run();
    }

    private Optional<Encoder> run() {
        Path folder = layout.root().resolve(TOKENIZER);
        if (!Files.isDirectory(folder)) {
            findings.error(
                    TOKENIZER,
                    "the folder is missing",
                    "copy the tokenizer folder of the model from which the ONNX files were exported");
            return Optional.empty();
        }
        JsonFile encoder = findings.attempt(
                        ENCODER, () -> JsonFile.readIfPresent(layout.root().resolve("text_encoder/config.json")))
                .orElse(JsonFile.empty(layout.root()));
        findings.run(TOKENIZER, () -> checkTokens(folder, encoder));
        return layout.model(ENCODER)
                .flatMap(model -> findings.attempt(ENCODER, () -> load(model, folder, encoder)))
                .map(loaded -> {
                    checkType(loaded);
                    Value states = loaded.outputs().values().iterator().next();
                    return new Encoder(loaded, Shape.of(states.dim(1), states.dim(2)));
                });
    }

    private void checkTokens(Path folder, JsonFile encoder) throws IOException {
        if (!Files.isRegularFile(folder.resolve("tokenizer_config.json"))) {
            findings.warn(
                    TOKENIZER,
                    "tokenizer_config.json is missing, which names the pad token and the longest prompt",
                    "copy it from the model that was exported");
        }
        JsonFile config = JsonFile.readIfPresent(folder.resolve("tokenizer_config.json"));
        JsonFile special = JsonFile.readIfPresent(folder.resolve("special_tokens_map.json"));
        if (config.token("pad_token").or(() -> special.token("pad_token")).isEmpty()) {
            findings.warn(
                    TOKENIZER,
                    "no pad_token is named; prompts are filled up with the end token",
                    "if the text encoder was trained with another one, name it in " + config.path());
        }
        int positions = encoder.count("max_position_embeddings").orElse(Integer.MAX_VALUE);
        try (PromptTokenizer tokenizer = PromptTokenizer.load(folder, positions)) {
            double asked = config.real("model_max_length").orElse(tokenizer.maxLength());
            if (asked > positions && asked < 1e6) {
                findings.warn(
                        TOKENIZER,
                        "model_max_length is " + (long) asked + ", the text encoder has " + positions + " positions",
                        "prompts are cut at " + positions + " tokens");
            }
            int vocabulary = encoder.count("vocab_size").orElse(Integer.MAX_VALUE);
            for (long id : tokenizer.encode("a photo of a cat")) {
                if (id >= vocabulary) {
                    findings.error(
                            TOKENIZER,
                            "gives the token " + id + ", the text encoder has a vocabulary of " + vocabulary,
                            "use the tokenizer of the model that was exported");
                    break;
                }
            }
        }
    }

    private Graph load(OnnxComponent model, Path folder, JsonFile encoder) throws IOException {
        model.expectInputs(List.of(TextEncoder.INPUT), List.of());
        int length = model.dim(TextEncoder.INPUT, 1).orElseGet(() ->
                (int) Math.min(encoder.count("max_position_embeddings").orElse(77), maxLength(folder)));
        Graph loaded = model.load(Map.of(TextEncoder.INPUT, model.bind(TextEncoder.INPUT, 1, length)));
        return Graph.of(TextEncoder.OUTPUT, TextEncoder.states(loaded, model));
    }

    private double maxLength(Path folder) {
        return findings.attempt(TOKENIZER, () -> JsonFile.readIfPresent(folder.resolve("tokenizer_config.json")))
                .map(config -> config.real("model_max_length").orElse(Double.MAX_VALUE))
                .orElse(Double.MAX_VALUE);
    }

    private void checkType(Graph encoder) {
        if (encoder.topologicalOrder().stream().map(Value::type).anyMatch(DataType.FLOAT16::equals)) {
            findings.info(ENCODER, "computes in float16, which CPUs run through float32");
        }
    }
}
