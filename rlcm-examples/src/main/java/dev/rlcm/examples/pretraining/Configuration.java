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

    /**
     * Writes a number into a file, atomically; what else it says stays.
     *
     * @param present what the file says
     */
    static void put(JsonFile present, String key, double value, Path file) throws IOException {
        byte[] json = JSON.writerWithDefaultPrettyPrinter()
                .writeValueAsBytes(present.root().put(key, value));
        AtomicFiles.write(file, out -> out.write(json));
    }
}
