package dev.rlcm.onnx.pipeline.check;

import dev.rlcm.check.Check;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.onnx.OrtOptions;
import dev.rlcm.onnx.ReadOptions;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What a model is to be used for, as far as {@link ModelCheck} needs to know.
 *
 * @param batch rows of a sampling run
 * @param minibatch rows of an update run
 * @param height of the pictures in pixels; that of training if empty
 * @param width likewise
 * @param steps network evaluations of a trajectory
 * @param lora the adapter
 * @param runtime how ONNX Runtime will run the graphs
 * @param reading how the model's files are read
 * @param embeddings a file that prompts are looked up in, in place of the text encoders
 */
public record CheckSettings(
        int batch,
        int minibatch,
        OptionalInt height,
        OptionalInt width,
        int steps,
        LoraConfig lora,
        OrtOptions runtime,
        ReadOptions reading,
        Optional<Path> embeddings) {
    /** Checks the numbers. */
    public CheckSettings {
        Check.atLeast(1, "batch", batch);
        Check.atLeast(1, "minibatch", minibatch);
        Check.atLeast(1, "steps", steps);
        Check.atLeast(1, "height", height.orElse(1));
        Check.atLeast(1, "width", width.orElse(1));
    }

    /** One picture at a time of the size of training, 8 steps, rank 8 on the attention projections. */
    public static CheckSettings defaults() {
        return new CheckSettings(
                1,
                1,
                OptionalInt.empty(),
                OptionalInt.empty(),
                8,
                LoraConfig.rank(8),
                OrtOptions.defaults(),
                ReadOptions.defaults(),
                Optional.empty());
    }

    /** For sampling and updates alike. */
    public CheckSettings withBatch(int rows) {
        return new CheckSettings(rows, rows, height, width, steps, lora, runtime, reading, embeddings);
    }

    public CheckSettings withMinibatch(int rows) {
        return new CheckSettings(batch, rows, height, width, steps, lora, runtime, reading, embeddings);
    }

    /** In pixels. */
    public CheckSettings withSize(int newHeight, int newWidth) {
        return new CheckSettings(
                batch,
                minibatch,
                OptionalInt.of(newHeight),
                OptionalInt.of(newWidth),
                steps,
                lora,
                runtime,
                reading,
                embeddings);
    }

    public CheckSettings withSteps(int newSteps) {
        return new CheckSettings(batch, minibatch, height, width, newSteps, lora, runtime, reading, embeddings);
    }

    public CheckSettings withLora(LoraConfig newLora) {
        return new CheckSettings(batch, minibatch, height, width, steps, newLora, runtime, reading, embeddings);
    }

    public CheckSettings withRuntime(OrtOptions newRuntime) {
        return new CheckSettings(batch, minibatch, height, width, steps, lora, newRuntime, reading, embeddings);
    }

    public CheckSettings withReading(ReadOptions newReading) {
        return new CheckSettings(batch, minibatch, height, width, steps, lora, runtime, newReading, embeddings);
    }

    /** A file in place of the text encoders, see {@link dev.rlcm.onnx.pipeline.PromptEmbeddings}. */
    public CheckSettings withEmbeddings(Path file) {
        return new CheckSettings(batch, minibatch, height, width, steps, lora, runtime, reading, Optional.of(file));
    }
}
