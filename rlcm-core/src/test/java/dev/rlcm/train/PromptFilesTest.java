package dev.rlcm.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.reward.Prompt;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PromptFilesTest {
    @TempDir
    Path directory;

    private Path file(String name, String content) throws IOException {
        return Files.writeString(directory.resolve(name), content);
    }

    @Test
    void linesOfTextArePromptsWithoutMetadata() throws IOException {
        assertThat(PromptFiles.read(file("prompts.txt", "a cat\n\n {\"prompt\": \"a dog\"}\n")))
                .containsExactly(Prompt.of("a cat"), Prompt.of("{\"prompt\": \"a dog\"}"));
    }

    @Test
    void fieldsOfJsonLinesReachTheReward() throws IOException {
        Path file = file(
                "prompts.jsonl",
                """
                {"prompt": "a sign", "text": "Gr\u00fc\u00df Gott"}

                {"count": 3, "prompt": "three cats", "objects": {"cat": 3}, "tags": ["a", 0.5, true], "negative_prompt": "dogs"}
                """);
        assertThat(PromptFiles.read(file))
                .containsExactly(
                        Prompt.of("a sign").with("text", "Gr\u00fc\u00df Gott"),
                        Prompt.of("three cats")
                                .with("count", 3)
                                .with("objects", Map.of("cat", 3))
                                .with("tags", List.of("a", 0.5, true))
                                .with("negative_prompt", "dogs"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"prompt\": \"a\" | is not a JSON object",
                "[\"a\"] | is not a JSON object",
                "{\"prompt\": \"a\"} {} | is not a JSON object",
                "{\"prompt\": \"a\", \"n\": 1, \"n\": 2} | Duplicate field 'n'",
                "{\"text\": \"a\"} | needs a field \"prompt\"",
                "{\"prompt\": 5} | needs a field \"prompt\"",
                "{\"prompt\": \" \"} | needs a field \"prompt\"",
                "{\"prompt\": \"a\", \"n\": null} | metadata n",
                "a cat | is not a JSON object",
            })
    void whatIsNoPromptIsNamedByItsPlace(String line, String message) throws IOException {
        Path file = file("prompts.jsonl", "{\"prompt\": \"fine\"}\n" + line + "\n");
        assertThatThrownBy(() -> PromptFiles.read(file))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll("prompts.jsonl, prompt 2", message);
    }
}
