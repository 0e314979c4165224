package dev.rlcm.onnx.pipeline.check;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.pipeline.PromptEmbeddings;
import dev.rlcm.onnx.pipeline.TextEncoder;
import dev.rlcm.onnx.pipeline.TextInput;
import dev.rlcm.onnx.pipeline.TextInput.Lengths;
import dev.rlcm.onnx.pipeline.TextShape;
import dev.rlcm.onnx.pipeline.TextSource;
import dev.rlcm.onnx.pipeline.component.JsonFile;
import dev.rlcm.onnx.pipeline.component.OnnxComponent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** The tokenizers, the text encoders, and whether they belong together. */
final class TextCheck {
    private final Layout layout;
    private final Findings findings;
    private final TextSource source;

    private TextCheck(Layout layout, TextSource source, Findings findings) {
        this.layout = layout;
        this.source = source;
        this.findings = findings;
    }

    /**
     * Text encoders that can be imported.
     *
     * @param graphs of each for one prompt
     * @param shape the sizes of what a prompt becomes, if all can be imported
     */
    record Encoders(List<Graph> graphs, Optional<TextShape> shape) {}

    static Encoders run(Layout layout, Findings findings) {
        List<Graph> graphs = new ArrayList<>();
        for (TextSource source : layout.texts()) {
            new TextCheck(layout, source, findings).run().ifPresent(graphs::add);
        }
        if (graphs.size() < layout.texts().size()) {
            return new Encoders(graphs, Optional.empty());
        }
        List<TextSource> sources = layout.family().texts();
        List<TextShape> shapes =
                new ArrayList<>(graphs.stream().map(TextEncoder::shape).toList());
        if (shapes.size() < sources.size()) {
            shapes.add(TextShape.ofAbsent(sources.get(shapes.size()), layout.denoiserConfiguration()));
        }
        return new Encoders(graphs, Optional.of(TextShape.joined(sources, shapes)));
    }

    /** What stands for encoders that are not used. */
    static Encoders stored(Path embeddings, Layout layout, Findings findings) {
        return new Encoders(
                List.of(),
                findings.attempt(
                        "embeddings",
                        () -> TextShape.ofStored(PromptEmbeddings.read(embeddings), layout.family(), layout.root())));
    }

    private Optional<Graph> run() {
        Path folder = layout.root().resolve(source.tokenizer());
        if (!Files.isDirectory(folder)) {
            findings.error(
                    source.tokenizer(),
                    "the folder is missing",
                    "copy the tokenizer folder of the model from which the ONNX files were exported");
            return Optional.empty();
        }
        JsonFile encoder = findings.attempt(
                        source.encoder(),
                        () -> JsonFile.readIfPresent(layout.root().resolve(source.encoder() + "/config.json")))
                .orElse(JsonFile.empty(layout.root()));
        Optional<OnnxComponent> model = layout.model(source.encoder());
        Optional<Lengths> tokens = findings.attempt(source.tokenizer(), () -> checkTokens(folder, encoder, model));
        return model.flatMap(found -> tokens.flatMap(
                        lengths -> findings.attempt(source.encoder(), () -> TextEncoder.graph(found, source, lengths))))
                .map(loaded -> {
                    checkType(loaded);
                    return loaded;
                });
    }

    /** How many tokens prompts have. */
    private Lengths checkTokens(Path folder, JsonFile encoder, Optional<OnnxComponent> model) throws IOException {
        if (!Files.isRegularFile(folder.resolve("tokenizer_config.json"))) {
            findings.warn(
                    source.tokenizer(),
                    "tokenizer_config.json is missing, which names the pad token and the longest prompt",
                    "copy it from the model that was exported");
        }
        JsonFile config = JsonFile.readIfPresent(folder.resolve("tokenizer_config.json"));
        JsonFile special = JsonFile.readIfPresent(folder.resolve("special_tokens_map.json"));
        if (config.token("pad_token").or(() -> special.token("pad_token")).isEmpty()) {
            findings.warn(
                    source.tokenizer(),
                    "no pad_token is named; prompts are filled up with the end token",
                    "if the text encoder was trained with another one, name it in " + config.path());
        }
        int positions = TextEncoder.positions(encoder);
        OptionalInt fixed = model.map(found -> found.dim(TextEncoder.INPUT, 1)).orElse(OptionalInt.empty());
        try (TextInput input = TextInput.load(folder, source, fixed, positions)) {
            if (input.lacksInstruction()) {
                findings.warn(
                        source.tokenizer(),
                        TextInput.INSTRUCTION + " is missing, the text that the family's pipelines put before prompts",
                        "write it as the README says, if the model was trained with one");
            }
            double asked = config.real("model_max_length").orElse(positions);
            if (asked > positions && asked < 1e6) {
                findings.warn(
                        source.tokenizer(),
                        "model_max_length is " + (long) asked + ", the text encoder has " + positions + " positions",
                        "prompts are cut at " + positions + " tokens");
            }
            int vocabulary = encoder.count("vocab_size").orElse(Integer.MAX_VALUE);
            for (long id : input.ids("a photo of a cat")) {
                if (id >= vocabulary) {
                    findings.error(
                            source.tokenizer(),
                            "gives the token " + id + ", the text encoder has a vocabulary of " + vocabulary,
                            "use the tokenizer of the model that was exported");
                    break;
                }
            }
            return input.lengths();
        }
    }

    private void checkType(Graph encoder) {
        if (encoder.topologicalOrder().stream().map(Value::type).anyMatch(DataType.FLOAT16::equals)) {
            findings.info(source.encoder(), "computes in float16, which CPUs run through float32");
        }
    }
}
