package dev.rlcm.examples.options;

import dev.rlcm.examples.models.EmbeddedModel;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where the model is. */
public final class ModelDirectoryOption {
    @Option(
            names = "--model",
            paramLabel = "DIR",
            description = "Model directory, as Optimum exports it. Default: the embedded emoji model.")
    private @Nullable Path model;

    public Path directory() {
        return model != null ? model : EmbeddedModel.emojiLcm();
    }

    /** Whether it is not the embedded one. */
    public boolean isGiven() {
        return model != null;
    }

    /** For reports. */
    public String modelName() {
        return model != null ? model.toString() : "emoji-lcm (embedded)";
    }
}
