package dev.rlcm.onnx.pipeline.check;

import dev.rlcm.compilation.Lowering;
import dev.rlcm.graph.Graph;
import dev.rlcm.onnx.pipeline.ModelDirectory;
import dev.rlcm.onnx.pipeline.check.LatentCheck.Latents;
import dev.rlcm.onnx.pipeline.check.TextCheck.Encoders;
import dev.rlcm.rewrite.lowering.StandInWeights;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Says what would go wrong, or slowly, with a model directory before anything expensive is done with it: reads its
 * configurations, imports its graphs with the weights left in their files, injects the adapter and differentiates.
 * Compiles and runs nothing. The answer is a list of findings for every content of the directory. Stateless and thread-safe.
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
        LayoutCheck.run(directory, settings, findings).ifPresent(layout -> check(layout, settings, findings));
        return findings.sorted();
    }

    private static void check(Layout layout, CheckSettings settings, Findings findings) {
        SchedulerCheck.run(layout, settings, findings);
        Encoders texts = settings.embeddings().isPresent()
                ? TextCheck.stored(settings.embeddings().get(), layout, findings)
                : TextCheck.run(layout, findings);
        Latents latents = LatentCheck.run(layout, settings, findings);
        StandInWeights weights = new StandInWeights();
        Lowering lowering = Lowering.of(settings.runtime().memory())
                .withConvolutions(settings.runtime().convolutions())
                .withWeights(weights);
        DenoiserCheck.run(layout, settings, texts.shape(), latents, findings)
                .flatMap(unet -> NetworkCheck.run(layout.denoiser(), unet, settings, lowering, findings))
                .ifPresent(network -> {
                    List<Graph> others = Stream.concat(
                                    texts.graphs().stream(), latents.decoder().map(lowering::inference).stream())
                            .toList();
                    MemoryCheck.run(network, others, settings, weights, lowering, findings);
                });
    }
}
