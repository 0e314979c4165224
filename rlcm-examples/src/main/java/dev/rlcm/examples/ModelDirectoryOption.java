package dev.rlcm.examples;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where the model is. */
final class ModelDirectoryOption {
    @Option(
            names = "--model",
            paramLabel = "DIR",
            description = "Model directory, as Optimum exports it. Default: the embedded emoji model.")
    private @Nullable Path model;

    Path directory() {
        return model != null ? model : EmbeddedModel.emojiLcm();
    }

    /** Whether it is not the embedded one. */
    boolean isGiven() {
        return model != null;
    }

    /** For reports. */
    String modelName() {
        return model != null ? model.toString() : "emoji-lcm (embedded)";
    }
}
