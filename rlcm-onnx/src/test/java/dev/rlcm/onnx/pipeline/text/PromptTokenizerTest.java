package dev.rlcm.onnx.pipeline.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rlcm.onnx.pipeline.Models;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PromptTokenizerTest {
    private static final Path CLIP = Models.TINY.resolve("tokenizer");

    @TempDir
    Path directory;

    @ParameterizedTest
    @CsvSource({"prompts.json, true", "prompts.json, false", "normalization.json, true", "normalization.json, false"})
    void idsAreThoseOfTheGoldens(String goldens, boolean fromTokenizerJson) throws IOException {
        try (PromptTokenizer tokenizer = PromptTokenizer.load(fromTokenizerJson ? CLIP : withoutTokenizerJson())) {
            JsonNode prompts = new ObjectMapper()
                    .readTree(Models.FIXTURES
                            .resolve("tokenizer-golden")
                            .resolve(goldens)
                            .toFile());
            assertThat(prompts).hasSizeGreaterThanOrEqualTo(9);
            for (JsonNode prompt : prompts) {
                assertThat(tokenizer.encode(prompt.get("text").textValue()))
                        .as(prompt.get("text").textValue())
                        .containsExactly(longs(prompt.get("ids")));
            }
        }
    }

    @Test
    void theModelsOwnLengthAndPadTokenAreKept() throws IOException {
        try (PromptTokenizer tokenizer = PromptTokenizer.load(Models.EMOJI.resolve("tokenizer"))) {
            assertThat(tokenizer.maxLength()).isEqualTo(12);
            assertThat(tokenizer.encode("A cat, on GRASS")).containsExactly(2, 4, 21, 1, 7, 14, 3, 0, 0, 0, 0, 0);
            assertThat(tokenizer.encode("")).containsExactly(2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
            assertThat(tokenizer.encode("a ".repeat(30)))
                    .startsWith(2, 4)
                    .endsWith(4, 3)
                    .hasSize(12);
        }
    }

    @Test
    void theLowerLimitOfLengthHolds() throws IOException {
        try (PromptTokenizer tokenizer = PromptTokenizer.load(CLIP, 5)) {
            assertThat(tokenizer.encode("a photo of a cat"))
                    .hasSize(5)
                    .startsWith(49406)
                    .endsWith(49407);
        }
    }

    @Test
    void theHostsPropertiesAreLeftAlone() throws IOException {
        System.setProperty("ai.djl.offline", "host");
        try (PromptTokenizer tokenizer = PromptTokenizer.load(CLIP)) {
            assertThat(System.getProperty("ai.djl.offline")).isEqualTo("host");
            assertThat(System.getProperty("ENGINE_CACHE_DIR")).isNull();
            assertThat(tokenizer.maxLength()).isEqualTo(77);
        } finally {
            System.clearProperty("ai.djl.offline");
        }
    }

    @Test
    void closingTwiceIsAllowed() throws IOException {
        PromptTokenizer tokenizer = PromptTokenizer.load(CLIP);
        tokenizer.close();
        tokenizer.close();
        assertThatThrownBy(() -> tokenizer.encode("a cat")).isInstanceOf(IllegalStateException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{", "[]", "{\"model\": 1}", "{\"version\": \"1.0\", \"model\": {\"type\": \"BPE\"}}"})
    void aBrokenTokenizerIsNamed(String json) throws IOException {
        Files.writeString(directory.resolve("tokenizer.json"), json);
        Files.writeString(
                directory.resolve("tokenizer_config.json"), "{\"pad_token\": \"x\", \"model_max_length\": 9}");
        assertThatThrownBy(() -> PromptTokenizer.load(directory))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(directory.toString());
    }

    @Test
    void aDirectoryWithoutTokenizerSaysWhatIsMissing() {
        assertThatThrownBy(() -> PromptTokenizer.load(directory, 77))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("tokenizer.json")
                .hasMessageContaining("merges.txt");
    }

    @Test
    void anUnlimitedLengthIsRefused() throws IOException {
        Files.copy(CLIP.resolve("tokenizer.json"), directory.resolve("tokenizer.json"));
        Files.writeString(
                directory.resolve("tokenizer_config.json"), "{\"pad_token\": \"!\", \"model_max_length\": 1e30}");
        assertThatThrownBy(() -> PromptTokenizer.load(directory)).hasMessageContaining("model_max_length");
        try (PromptTokenizer tokenizer = PromptTokenizer.load(directory, 6)) {
            assertThat(tokenizer.encode("")).containsExactly(49406, 49407, 0, 0, 0, 0);
        }
    }

    @Test
    void aMergeOfOneTokenIsRefused() throws IOException {
        Path copy = withoutTokenizerJson();
        Files.writeString(copy.resolve("merges.txt"), "#version: 0.2\ni n\nbroken\n");
        assertThatThrownBy(() -> PromptTokenizer.load(copy)).hasMessageContaining("merges.txt, line 3");
    }

    private Path withoutTokenizerJson() throws IOException {
        for (String name : new String[] {"vocab.json", "merges.txt", "tokenizer_config.json"}) {
            Files.copy(CLIP.resolve(name), directory.resolve(name));
        }
        return directory;
    }

    private static long[] longs(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .mapToLong(JsonNode::longValue)
                .toArray();
    }
}
