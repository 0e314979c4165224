package dev.rlcm.onnx.pipeline;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Where the tests' models are, and variants of them. */
public final class Models {
    private static final Path ROOT = Path.of(System.getProperty("rlcm.root"));
    public static final Path FIXTURES = ROOT.resolve("fixtures");
    public static final Path TINY = FIXTURES.resolve("tiny-lcm");
    public static final Path EMOJI = ROOT.resolve("rlcm-examples/src/main/resources/models/emoji-lcm");
    static final Path EMOJI_LDM = EMOJI.resolveSibling("emoji-ldm");

    private Models() {}

    /** A text of {@code tokenizer-golden/prompts.json}. */
    static String goldenPrompt(int entry) throws IOException {
        Path prompts = FIXTURES.resolve("tokenizer-golden/prompts.json");
        return new ObjectMapper()
                .readTree(prompts.toFile())
                .get(entry)
                .get("text")
                .textValue();
    }

    /** Copies a model directory file by file into an empty one. */
    public static Path copy(Path model, Path target) throws IOException {
        try (Stream<Path> tree = Files.walk(model)) {
            for (Path file : tree.filter(Files::isRegularFile).toList()) {
                Path to = target.resolve(model.relativize(file).toString());
                Files.createDirectories(to.getParent());
                Files.copy(file, to);
            }
        }
        return target;
    }
}
