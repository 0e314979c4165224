package dev.rlcm.train;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.rlcm.reward.Prompt;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Prompts from files: plain lines, or, in a file called {@code *.jsonl}, a JSON object in each line, whose field {@code prompt} is
 * the text and whose other fields, of any name, are the metadata that the reward sees.
 *
 * <pre>{@code
 * {"prompt": "a shop with the sign OPEN", "text": "OPEN"}
 * {"prompt": "three cats", "objects": {"cat": 3}, "negative_prompt": "dogs"}
 * }</pre>
 */
public final class PromptFiles {
    private static final String TEXT = "prompt";
    private static final ObjectReader OBJECT = JsonMapper.builder()
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build()
            .readerFor(new TypeReference<Map<String, Object>>() {});

    private PromptFiles() {}

    /**
     * The prompts of a file in UTF-8, at least one; blank lines are left out.
     *
     * @throws IOException if the file cannot be read or is not UTF-8 text, or a line is not what it should be, naming the line's
     *     number among those that are not blank
     */
    public static List<Prompt> read(Path file) throws IOException {
        List<String> lines = Prompts.lines(file).all();
        if (!file.toString().endsWith(".jsonl")) {
            return Prompt.all(lines);
        }
        List<Prompt> prompts = new ArrayList<>();
        for (String line : lines) {
            prompts.add(parse(line, file + ", prompt " + (prompts.size() + 1)));
        }
        return List.copyOf(prompts);
    }

    private static Prompt parse(String line, String place) throws IOException {
        Map<String, Object> fields;
        try {
            fields = new LinkedHashMap<>(OBJECT.<Map<String, Object>>readValue(line));
        } catch (JsonProcessingException e) {
            throw new IOException(place + " is not a JSON object: " + e.getOriginalMessage(), e);
        }
        if (!(fields.remove(TEXT) instanceof String text) || text.isBlank()) {
            throw new IOException(place + " needs a field \"" + TEXT + "\" with a text, got " + line);
        }
        try {
            return new Prompt(text, fields);
        } catch (IllegalArgumentException e) {
            throw new IOException(place + ": " + e.getMessage(), e);
        }
    }
}
