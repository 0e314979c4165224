package dev.rlcm.examples.options;

import dev.rlcm.backend.Backend;
import dev.rlcm.onnx.pipeline.ImageFiles;
import dev.rlcm.onnx.pipeline.LatentModel;
import dev.rlcm.onnx.pipeline.PipelineOptions;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What to draw, how, and where the pictures go. */
public final class SamplingOptions {
    @Parameters(arity = "1..*", paramLabel = "PROMPT", description = "For example \"a cat in the sea\".")
    public List<String> prompts = List.of();

    @Mixin
    private ModelOptions model = new ModelOptions();

    @Option(names = "--steps", description = "Network evaluations, 1 to 50. Default: ${DEFAULT-VALUE}.")
    public int steps = 4;

    @Option(names = "--guidance", description = "Guidance scale, 1 is none. Default: ${DEFAULT-VALUE}.")
    public double guidance = 3;

    @Option(names = "--seed", description = "Of the noise. Default: ${DEFAULT-VALUE}.")
    public long seed = 42;

    @Option(names = "--device", description = Devices.NAMES + ". Default: ${DEFAULT-VALUE}.")
    public String device = "cpu";

    @Option(names = "--out", paramLabel = "DIR", description = "Where the PNGs go. Default: ${DEFAULT-VALUE}.")
    private Path out = Path.of("pictures");

    public LatentModel load(Backend backend) throws IOException {
        return load(backend, PipelineOptions.defaults());
    }

    /** The model, loaded in another way in what these options do not say. */
    public LatentModel load(Backend backend, PipelineOptions usual) throws IOException {
        return model.load(backend, usual, prompts);
    }

    /** Writes 1-a-cat-in-the-sea.png and so on, and says so. */
    public void write(List<Sample> samples) throws IOException {
        for (int i = 0; i < samples.size(); i++) {
            Sample sample = samples.get(i);
            String words = sample.prompt().toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
            String name = (i + 1) + "-" + words.substring(0, Math.min(words.length(), 60));
            Path file = out.resolve(name.replaceAll("-+$", "") + ".png");
            ImageFiles.writePng(sample, file);
            System.out.println(file);
        }
    }
}
