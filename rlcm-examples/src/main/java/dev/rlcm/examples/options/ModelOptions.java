package dev.rlcm.examples.options;

import dev.rlcm.backend.Backend;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.onnx.pipeline.PipelineOptions;
import dev.rlcm.precision.Precision;
import java.io.IOException;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which model, and what its network is computed in. */
final class ModelOptions {
    @Mixin
    private ModelDirectoryOption model = new ModelDirectoryOption();

    @Option(
            names = "--precision",
            paramLabel = "TYPE",
            description = "What the UNet is computed in: float32, float16 or bfloat16; the 16-bit types are for GPUs."
                    + " Default: the type of its weights.")
    private @Nullable Precision precision;

    LatentConsistencyModel load(Backend backend) throws IOException {
        PipelineOptions options = PipelineOptions.defaults();
        return LatentConsistencyModel.load(
                model.open(), backend, precision == null ? options : options.withPrecision(precision));
    }

    boolean isGiven() {
        return model.isGiven();
    }

    /** For reports. */
    void summarise(Map<String, Object> entries) {
        entries.put("model", model.isGiven() ? model.modelName() : new Unset(model.modelName()));
        entries.put(
                "precision",
                precision == null
                        ? new Unset("of the weights")
                        : precision.toString().toLowerCase(Locale.ROOT));
    }
}
