package dev.rlcm.examples;

import dev.rlcm.backend.Backend;
import dev.rlcm.examples.distill.DistillOptions;
import dev.rlcm.examples.distill.DistillationRun;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.onnx.pipeline.LatentDiffusionModel;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/**
 * Makes a consistency model of a diffusion model: a LoRA adapter, or a model directory with weights of its own. Ctrl-C ends after
 * the step in progress and keeps what was learned.
 */
@Command(
        name = "distill",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Distils a latent diffusion model into a latent consistency model, which draws in 1 to 8 steps.")
public final class Distill implements Callable<Integer> {
    @Mixin
    private final DistillOptions options = new DistillOptions();

    public static void main(String[] args) {
        Cli.run(new Distill(), args);
    }

    @Override
    public Integer call() throws Exception {
        try (Backend backend = options.openBackend()) {
            LatentDiffusionModel teacher = options.teacher(backend);
            new DistillationRun(options, teacher, options.student(teacher, backend), backend).execute();
        }
        return 0;
    }
}
