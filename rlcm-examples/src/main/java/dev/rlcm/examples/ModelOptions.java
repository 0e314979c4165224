package dev.rlcm.examples;

import dev.rlcm.backend.Backend;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.rewrite.Precision;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which model, and what its network is computed in. */
final class ModelOptions {
    @Option(
            names = "--model",
            paramLabel = "DIR",
            description = "Model directory, as Optimum exports it. Default: the embedded emoji model.")
    private @Nullable Path model;

    @Option(
            names = "--precision",
            paramLabel = "TYPE",
            description = "What the UNet is computed in: float32, float16 or bfloat16; the 16-bit types are for GPUs."
                    + " Default: the type of its weights.")
    private @Nullable Precision precision;

    LatentConsistencyModel load(Backend backend) throws IOException {
        Path directory = model != null ? model : EmbeddedModel.emojiLcm();
        LatentConsistencyModel loaded = LatentConsistencyModel.load(directory, backend);
        return precision == null ? loaded : loaded.withPrecision(precision);
    }

    /** For reports. */
    String modelName() {
        return model != null ? model.toString() : "emoji-lcm (embedded)";
    }

    /** For reports. */
    String precisionName() {
        return precision == null ? "of the weights" : precision.toString().toLowerCase(Locale.ROOT);
    }
}
