package dev.rlcm.examples.options;

import dev.rlcm.onnx.pipeline.ModelDirectory;
import dev.rlcm.train.Prompts;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What one may choose of the small training examples; the defaults suit the embedded model. */
public final class LoopOptions {
    @Mixin
    private ModelDirectoryOption model = new ModelDirectoryOption();

    @Mixin
    private PromptsOption prompts = new PromptsOption();

    @Option(names = "--epochs", description = "Times to sample and update. Default: ${DEFAULT-VALUE}.")
    private int epochs = 20;

    @Option(names = "--out", paramLabel = "FILE", description = "Where the adapter goes. Default: ${DEFAULT-VALUE}.")
    public Path out = Path.of("adapter.safetensors");

    public ModelDirectory modelDirectory() throws IOException {
        return model.open();
    }

    /** At least 1. */
    public int epochs() {
        if (epochs < 1) {
            throw new IllegalArgumentException("epochs must be at least 1, got " + epochs);
        }
        return epochs;
    }

    public Prompts prompts() throws IOException {
        return prompts.prompts();
    }
}
