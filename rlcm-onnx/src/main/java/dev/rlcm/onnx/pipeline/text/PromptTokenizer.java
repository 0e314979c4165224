package dev.rlcm.onnx.pipeline.text;

import ai.djl.engine.EngineException;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rlcm.backend.BackendException;
import dev.rlcm.onnx.pipeline.component.JsonFile;
import java.io.IOException;
import java.lang.ref.Cleaner;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Turns a prompt into token ids [maxLength], as transformers' {@code tokenizer(prompt, padding="max_length",
 * truncation=True)} does: BOS, the tokens, EOS, then the pad token that {@code tokenizer_config.json} names (CLIP's is
 * EOS itself). A long prompt loses its last tokens, never its EOS.
 *
 * <p>Thread-safe. Native memory is freed by {@link #close}, or after the tokenizer has become unreachable.
 */
public final class PromptTokenizer implements AutoCloseable {
    private static final Cleaner CLEANER = Cleaner.create();
    private static final int UNLIMITED = 1 << 20; // transformers writes 1e30 for "no limit"

    private final HuggingFaceTokenizer tokenizer;
    private final Cleaner.Cleanable cleanable;
    private final int maxLength;
    private final long padId;

    private PromptTokenizer(HuggingFaceTokenizer tokenizer, int maxLength, long padId) {
        this.tokenizer = tokenizer;
        this.cleanable = CLEANER.register(this, tokenizer::close);
        this.maxLength = maxLength;
        this.padId = padId;
    }

    /**
     * Reads a tokenizer whose configuration says how long its results are.
     *
     * @see #load(Path, int)
     */
    public static PromptTokenizer load(Path directory) throws IOException {
        return load(directory, UNLIMITED);
    }

    /**
     * Reads {@code tokenizer.json}, or {@code vocab.json} and {@code merges.txt} of CLIP, with {@code
     * tokenizer_config.json} beside them.
     *
     * @param longest the most ids a result may have; the configuration's own limit holds if it is lower
     * @throws IllegalArgumentException if the files are missing or are no tokenizer, or if nothing limits the length
     * @throws BackendException if the native library cannot be loaded
     */
    public static PromptTokenizer load(Path directory, int longest) throws IOException {
        return ofLength(directory, maxLength(directory, longest));
    }

    /**
     * Reads the same files, for results of a length that the configuration does not limit.
     *
     * @param length the number of ids of every result
     * @see #load(Path, int)
     */
    public static PromptTokenizer ofLength(Path directory, int length) throws IOException {
        JsonFile config = config(directory);
        return of(tokenizerJson(directory, config), config, directory, length);
    }

    /** The longest result that a tokenizer's configuration and the given limit allow. */
    public static int maxLength(Path directory, int longest) throws IOException {
        JsonFile config = config(directory);
        int maxLength = (int) Math.min(longest, config.real("model_max_length").orElse(UNLIMITED));
        checkLength(maxLength, config);
        return maxLength;
    }

    private static JsonFile config(Path directory) throws IOException {
        return JsonFile.readIfPresent(directory.resolve("tokenizer_config.json"));
    }

    private static void checkLength(int length, JsonFile config) {
        if (length < 2 || length >= UNLIMITED) {
            throw new IllegalArgumentException("the length of a prompt must be in [2, " + UNLIMITED + "), got " + length
                    + "; set model_max_length in " + config.path());
        }
    }

    /**
     * Takes {@code tokenizer.json} alone, which has to name the pad token.
     *
     * @param longest the most ids a result may have
     * @see #load(Path, int)
     */
    public static PromptTokenizer of(JsonFile tokenizer, int longest) throws IOException {
        return of(tokenizer.root(), JsonFile.empty(tokenizer.path()), tokenizer.path(), longest);
    }

    /** @param directory where {@code special_tokens_map.json} may be */
    private static PromptTokenizer of(ObjectNode json, JsonFile config, Path directory, int maxLength)
            throws IOException {
        checkLength(maxLength, config);
        long padId = padId(directory, config, json);
        json.remove("truncation");
        json.remove("padding");
        try {
            byte[] bytes = json.toString().getBytes(StandardCharsets.UTF_8);
            return new PromptTokenizer(OfflineTokenizers.create(bytes, maxLength), maxLength, padId);
        } catch (EngineException e) {
            throw new BackendException(
                    "the native tokenizers library does not load on this platform; it has builds for Linux (x86-64, ARM),"
                            + " macOS (ARM) and Windows (x86-64)",
                    e);
        } catch (RuntimeException e) {
            throw new IllegalArgumentException(
                    "the tokenizer in " + directory + " cannot be used (" + e.getMessage()
                            + "); it must be one that transformers' fast tokenizers can load",
                    e);
        }
    }

    /** Number of ids of every result. */
    public int maxLength() {
        return maxLength;
    }

    /** The prompt's ids, [maxLength]. */
    public long[] encode(String prompt) {
        long[] ids = encodeUnpadded(prompt);
        long[] padded = Arrays.copyOf(ids, maxLength);
        Arrays.fill(padded, Math.min(ids.length, maxLength), maxLength, padId);
        return padded;
    }

    /** The prompt's ids without padding. */
    public long[] encodeUnpadded(String prompt) {
        return tokenizer.encode(prompt).getIds();
    }

    /** What fills the rest of a row. */
    public long padId() {
        return padId;
    }

    @Override
    public void close() {
        cleanable.clean();
    }

    private static ObjectNode tokenizerJson(Path directory, JsonFile config) throws IOException {
        Path json = directory.resolve("tokenizer.json");
        if (Files.isRegularFile(json)) {
            return JsonFile.read(json).root();
        }
        if (Files.isRegularFile(directory.resolve("vocab.json"))
                && Files.isRegularFile(directory.resolve("merges.txt"))) {
            return ClipTokenizerJson.of(directory, config);
        }
        throw new IllegalArgumentException(directory
                + " has no tokenizer.json, nor vocab.json with merges.txt; copy the tokenizer folder of the model from"
                + " which the ONNX files were exported");
    }

    private static long padId(Path directory, JsonFile config, ObjectNode tokenizer) throws IOException {
        JsonFile special = JsonFile.readIfPresent(directory.resolve("special_tokens_map.json"));
        Optional<String> pad = config.token("pad_token").or(() -> special.token("pad_token"));
        if (pad.isEmpty() && tokenizer.path("padding").path("pad_id").isInt()) {
            return tokenizer.get("padding").get("pad_id").longValue();
        }
        String token = Stream.of(pad, config.token("eos_token"), special.token("eos_token"))
                .flatMap(Optional::stream)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        config.path() + " names neither pad_token nor eos_token; add the one used in training"));
        for (JsonNode added : tokenizer.path("added_tokens")) {
            if (token.equals(added.path("content").textValue())) {
                return added.path("id").longValue();
            }
        }
        JsonNode id = tokenizer.path("model").path("vocab").path(token);
        if (!id.isInt()) {
            throw new IllegalArgumentException(
                    "the pad token " + token + " named in " + config.path() + " is not in the tokenizer's vocabulary");
        }
        return id.longValue();
    }
}
