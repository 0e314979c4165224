package dev.rlcm.examples;

import dev.rlcm.examples.options.Cli;
import dev.rlcm.examples.options.ModelDirectoryOption;
import dev.rlcm.onnx.pipeline.AdapterMerge;
import dev.rlcm.onnx.pipeline.ModelDirectory;
import dev.rlcm.onnx.pipeline.StudentDirectory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A model directory with a LoRA adapter in its weights: what training has saved, or an adapter of another tool such as LCM-LoRA. */
@Command(
        name = "merge-adapter",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Writes a model directory with a LoRA adapter in its weights, which needs no adapter any more.")
public final class MergeAdapter implements Callable<Integer> {
    @Mixin
    private ModelDirectoryOption model = new ModelDirectoryOption();

    @Option(
            names = "--shared",
            paramLabel = "DIR",
            description = "Holds the components that the model's directory lacks.")
    private @Nullable Path shared;

    @Option(
            names = "--adapter",
            required = true,
            paramLabel = "LORA.safetensors",
            description = "In diffusers', PEFT's or kohya's convention, for the denoiser and text encoders.")
    private Path adapter;

    @Option(names = "--out", required = true, paramLabel = "DIR", description = "The merged model; a new directory.")
    private Path out;

    @Option(
            names = "--scale",
            paramLabel = "S",
            description = "What the adapter's change is multiplied by, as by diffusers' cross_attention_kwargs."
                    + " Default: ${DEFAULT-VALUE}.")
    private double scale = 1;

    @Option(
            names = "--consistency",
            description = "The adapter makes a latent consistency model of a diffusion model, as LCM-LoRA does: the"
                    + " merged model gets an LCMScheduler.")
    private boolean consistency;

    @Option(
            names = "--solver-steps",
            description = "With --consistency, the timesteps that the adapter was distilled on, as Distill has them."
                    + " Default: ${DEFAULT-VALUE}.")
    private int solverSteps = 50;

    public static void main(String[] args) {
        Cli.run(new MergeAdapter(), args);
    }

    @Override
    public Integer call() throws IOException {
        Path root = model.directory();
        ModelDirectory directory = ModelDirectory.open(root, shared != null ? shared : root, model.reading());
        if (consistency && (directory.isFlowMatching() || directory.isTrigFlow() || directory.isOfPixels())) {
            throw new IllegalArgumentException("--consistency is for adapters of latent diffusion models, which "
                    + model.modelName() + " is not; leave it out");
        }
        AdapterMerge.write(directory, adapter, scale, out);
        if (consistency) {
            StudentDirectory.describe(directory, out, solverSteps);
        }
        System.out.println(out);
        return 0;
    }
}
