package dev.rlcm.examples.options;

import dev.rlcm.backend.Backend;
import dev.rlcm.mdp.FlowMatchSchedule;
import dev.rlcm.mdp.StepWindow;
import dev.rlcm.onnx.pipeline.FlowMatchingModel;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.onnx.pipeline.LatentModel;
import dev.rlcm.onnx.pipeline.ModelDirectory;
import dev.rlcm.onnx.pipeline.PipelineOptions;
import dev.rlcm.onnx.pipeline.PixelConsistencyModel;
import dev.rlcm.onnx.pipeline.TrigFlowModel;
import dev.rlcm.precision.Precision;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
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
            description =
                    "What the denoiser is computed in: float32, float16 or bfloat16; the 16-bit types are for GPUs."
                            + " Default: the type of its weights.")
    private @Nullable Precision precision;

    @Option(
            names = "--noise-level",
            paramLabel = "A",
            description = "How much noise a step of a flow-matching model draws, by Flow-GRPO's sampler. Default: 0.7.")
    private @Nullable Double noiseLevel;

    @Option(
            names = "--action-window",
            split = ",",
            paramLabel = "FIRST,COUNT",
            description =
                    "The first step of a flow-matching model that draws noise, from 0, and how many do. Default: all.")
    private int @Nullable [] window;

    @Option(
            names = "--levels",
            split = ",",
            paramLabel = "I",
            description =
                    "Which of its training levels a consistency model of pixels takes, from 0, such as 0,22; as many"
                            + " as there are steps. Default: evenly spaced.")
    private int @Nullable [] levels;

    @Mixin
    private EmbeddingsOption embeddings = new EmbeddingsOption();

    /**
     * The model as its files say: of flow matching, or a consistency model of latents, in discrete or continuous time, or of pixels.
     *
     * @param usual how it is loaded where these options say nothing
     * @param prompts what it will be asked for
     */
    LatentModel load(Backend backend, PipelineOptions usual, List<String> prompts) throws IOException {
        PipelineOptions looked = embeddings.apply(usual, prompts);
        PipelineOptions options = precision == null ? looked : looked.withPrecision(precision);
        ModelDirectory directory = model.open();
        requireFit(directory);
        if (directory.isFlowMatching()) {
            FlowMatchingModel flow = FlowMatchingModel.load(directory, backend, options);
            return flow.withSchedule(sampled(flow.schedule()));
        }
        if (directory.isOfPixels()) {
            return ofPixels(PixelConsistencyModel.load(directory, backend, options));
        }
        return directory.isTrigFlow()
                ? TrigFlowModel.load(directory, backend, options)
                : LatentConsistencyModel.load(directory, backend, options);
    }

    private void requireFit(ModelDirectory directory) {
        if (levels != null && !directory.isOfPixels()) {
            throw new IllegalArgumentException(
                    "--levels is for consistency models of pixels, which " + model.modelName() + " is not");
        }
        if ((noiseLevel != null || window != null) && !directory.isFlowMatching()) {
            throw new IllegalArgumentException("--noise-level and --action-window are for flow-matching models, which "
                    + model.modelName() + " is not");
        }
    }

    private PixelConsistencyModel ofPixels(PixelConsistencyModel pixels) {
        return levels == null ? pixels : pixels.withSchedule(pixels.schedule().withLevels(levels));
    }

    private FlowMatchSchedule sampled(FlowMatchSchedule schedule) {
        FlowMatchSchedule noised = noiseLevel == null ? schedule : schedule.withNoiseLevel(noiseLevel);
        if (window != null && window.length != 2) {
            throw new IllegalArgumentException(
                    "--action-window takes the first step and how many there are, such as 2,3, got " + window.length
                            + " number(s)");
        }
        return window == null ? noised : noised.withWindow(new StepWindow(window[0], window[1]));
    }

    /** Whether the mean of a step is a prediction times sqrt(1 - sigma^2), as losses on predicted latents take it to be. */
    boolean isLatentConsistency() {
        try {
            ModelDirectory directory = model.open();
            return !directory.isFlowMatching() && !directory.isTrigFlow() && !directory.isOfPixels();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
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
        embeddings.summarise(entries);
        entries.put("noise-level", noiseLevel == null ? new Unset("of the model") : noiseLevel);
        entries.put("action-window", window == null ? new Unset("all steps") : window[0] + "," + window[1]);
        entries.put(
                "levels",
                levels == null
                        ? new Unset("evenly spaced")
                        : Arrays.stream(levels).mapToObj(Integer::toString).collect(Collectors.joining(",")));
    }
}
