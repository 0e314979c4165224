package dev.rlcm.examples.pretraining;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rlcm.io.AtomicFiles;
import dev.rlcm.onnx.pipeline.component.JsonFile;
import java.io.IOException;
import java.nio.file.Path;

/** Numbers that training finds and that a model keeps in its JSON files. */
final class Configuration {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Configuration() {}

    /** Writes a number into a file, atomically; what else it says stays. */
    static void put(Path file, String key, double value) throws IOException {
        byte[] json = JSON.writerWithDefaultPrettyPrinter()
                .writeValueAsBytes(JsonFile.readIfPresent(file).root().put(key, value));
        AtomicFiles.write(file, out -> out.write(json));
    }
}
