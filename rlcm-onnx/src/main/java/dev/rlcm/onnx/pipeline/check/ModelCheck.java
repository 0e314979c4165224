package dev.rlcm.onnx.pipeline.check;

import dev.rlcm.onnx.pipeline.ModelDirectory;
import java.nio.file.Path;
import java.util.List;

/**
 * Says what would go wrong, or slowly, with a model directory before anything expensive is done with it: reads its
 * configurations, imports its graphs with the weights left in their files, injects the adapter and differentiates, and
 * compiles and runs nothing. Whatever the directory holds, the answer is a list of findings. Stateless and thread-safe.
 */
public final class ModelCheck {
    private ModelCheck() {}

    /**
     * Checks a model for sampling and for training with an adapter.
     *
     * @param directory in the layout that {@link ModelDirectory} describes, complete or not
     * @return errors first, then warnings, then what is good to know, among it an estimate of the memory that will be
     *     needed
     */
    public static List<Finding> of(Path directory, CheckSettings settings) {
        Findings findings = new Findings();
        LayoutCheck layout = new LayoutCheck(directory, settings.reading(), findings);
        if (layout.run()) {
            new SchedulerCheck(layout, settings, findings).run();
            TextCheck text = new TextCheck(layout, findings);
            text.run();
            LatentCheck latents = new LatentCheck(layout, settings, findings);
            latents.run();
            DenoiserCheck denoiser = new DenoiserCheck(layout, settings, text, latents, findings);
            denoiser.run();
            NetworkCheck network = new NetworkCheck(settings, denoiser, findings);
            network.run();
            new MemoryCheck(settings, text, latents, network, findings).run();
        }
        return findings.sorted();
    }
}
