package dev.rlcm.examples;

import dev.rlcm.backend.Backend;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.examples.options.Devices;
import dev.rlcm.examples.options.SamplingOptions;
import dev.rlcm.onnx.pipeline.PipelineOptions;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.random.RandomStreams;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Sampling with what training has saved, or with an adapter of another tool. */
@Command(
        name = "sample-with-adapter",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Draws a picture for every prompt with a LoRA adapter injected.")
public final class SampleWithAdapter implements Callable<Integer> {
    @Option(
            names = "--adapter",
            required = true,
            paramLabel = "LORA.safetensors",
            description = "In diffusers', PEFT's or kohya's convention, for the denoiser and text encoders.")
    private Path adapter;

    @Mixin
    private final SamplingOptions options = new SamplingOptions();

    public static void main(String[] args) {
        Cli.run(new SampleWithAdapter(), args);
    }

    @Override
    public Integer call() throws IOException {
        try (Backend backend = Devices.open(options.device)) {
            var model = options.load(backend, PipelineOptions.defaults().withTextAdapter(adapter));
            var plan = SamplingPlan.steps(options.steps).withGuidance(options.guidance);
            var policy = model.policy(model.adapter(adapter), plan.withBatch(Math.min(options.prompts.size(), 8)));
            var rollout = policy.rollout(options.prompts, RandomStreams.seeded(options.seed));
            options.write(rollout.samples());
        }
        return 0;
    }
}
