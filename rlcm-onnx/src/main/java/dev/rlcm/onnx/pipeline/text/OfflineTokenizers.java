package dev.rlcm.onnx.pipeline.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes native tokenizers without any network traffic. Left alone, the library reports every tokenizer it makes to its
 * authors' servers, downloads a CUDA build of itself where it sees a GPU, and unpacks into the home directory; system
 * properties prevent all of it. They are set only during the call, since the host may use DJL for something else.
 */
final class OfflineTokenizers {
    private static final Logger log = LoggerFactory.getLogger(OfflineTokenizers.class);
    private static boolean loaded;

    private OfflineTokenizers() {}

    /** A tokenizer that truncates to a length, special tokens included, and does not pad. */
    static synchronized HuggingFaceTokenizer create(byte[] tokenizerJson, int maxLength) throws IOException {
        String length = Integer.toString(maxLength);
        Map<String, String> options =
                Map.of("truncation", "true", "padding", "false", "maxLength", length, "modelMaxLength", length);
        Map<String, String> properties = new HashMap<>(Map.of("ai.djl.offline", "true"));
        Path unpacked = loaded ? null : Files.createTempDirectory("rlcm-tokenizers");
        if (unpacked != null) {
            properties.put("ENGINE_CACHE_DIR", unpacked.toString());
        }
        try {
            HuggingFaceTokenizer tokenizer = with(
                    properties,
                    () -> HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(tokenizerJson), options));
            loaded = true;
            return tokenizer;
        } finally {
            if (unpacked != null) {
                delete(unpacked); // what is loaded stays mapped
            }
        }
    }

    private static <T> T with(Map<String, String> properties, Callable<T> action) throws IOException {
        Map<String, String> before = new HashMap<>();
        properties.forEach((key, value) -> before.put(key, System.setProperty(key, value)));
        try {
            return action.call();
        } catch (IOException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException(e);
        } finally {
            before.forEach((key, value) -> {
                if (value == null) {
                    System.clearProperty(key);
                } else {
                    System.setProperty(key, value);
                }
            });
        }
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> tree = Files.walk(directory)) {
            for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
                try {
                    Files.deleteIfExists(path);
                } catch (IOException e) { // Windows keeps a loaded library's file
                    log.debug("{} is deleted when the JVM ends", path, e);
                    path.toFile().deleteOnExit();
                }
            }
        }
    }
}
