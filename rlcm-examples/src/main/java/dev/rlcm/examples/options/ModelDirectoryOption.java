package dev.rlcm.examples.options;

import dev.rlcm.examples.models.EmbeddedModel;
import dev.rlcm.onnx.ReadOptions;
import dev.rlcm.onnx.pipeline.ModelDirectory;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Where the model is. */
public final class ModelDirectoryOption {
    @Option(
            names = "--model",
            paramLabel = "DIR",
            description = "Model directory, as Optimum exports it. Default: the embedded emoji model.")
    private @Nullable Path model;

    @Mixin
    private ReadingOptions reading = new ReadingOptions();

    /** How the networks are read. */
    public ReadOptions reading() {
        return reading.get();
    }

    /** The model that is asked for, checked. */
    public ModelDirectory open() throws IOException {
        return ModelDirectory.open(directory(), directory(), reading());
    }

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
