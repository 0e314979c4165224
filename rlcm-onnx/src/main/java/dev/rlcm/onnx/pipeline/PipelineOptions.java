package dev.rlcm.onnx.pipeline;

import dev.rlcm.check.Check;
import dev.rlcm.precision.Precision;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How a model directory is loaded.
 *
 * @param height of the pictures in pixels, a multiple of the VAE's scale, usually 8; the trained one if empty
 * @param width likewise
 * @param precision what the denoiser is computed in, by sampler and trainer alike; the type of its weights if empty. Text encoders
 *     and VAE stay as they are
 * @param embeddings a file of {@link PromptEmbeddings} that prompts are looked up in; text encoders are not loaded then, and may be missing
 * @param textAdapter a LoRA file of which the text encoders take what is for them, see {@link #withTextAdapter}
 */
public record PipelineOptions(
        OptionalInt height,
        OptionalInt width,
        Optional<Precision> precision,
        Optional<Path> embeddings,
        Optional<Path> textAdapter) {
    /** Checks the size. */
    public PipelineOptions {
        Check.atLeast(1, "height", height.orElse(1));
        Check.atLeast(1, "width", width.orElse(1));
        if (height.isPresent() != width.isPresent()) {
            throw new IllegalArgumentException(
                    "height and width must both be given or both be empty, got " + height + " and " + width);
        }
    }

    /** Pictures of the trained size, the denoiser in the type of its weights. */
    public static PipelineOptions defaults() {
        return new PipelineOptions(
                OptionalInt.empty(), OptionalInt.empty(), Optional.empty(), Optional.empty(), Optional.empty());
    }

    /** In pixels. */
    public PipelineOptions withSize(int newHeight, int newWidth) {
        return new PipelineOptions(
                OptionalInt.of(newHeight), OptionalInt.of(newWidth), precision, embeddings, textAdapter);
    }

    public PipelineOptions withPrecision(Precision newPrecision) {
        return new PipelineOptions(height, width, Optional.of(newPrecision), embeddings, textAdapter);
    }

    /** Looks prompts up in a file of {@link PromptEmbeddings} instead of running text encoders. */
    public PipelineOptions withEmbeddings(Path file) {
        return new PipelineOptions(height, width, precision, Optional.of(file), textAdapter);
    }

    /**
     * Puts what a LoRA file of diffusers or kohya has for text encoders into their weights, for good: W becomes W + (alpha / rank) B A.
     * Its layers of the denoiser are read by {@link LatentModel#adapter} from the same file. A file that has nothing for text encoders
     * changes nothing. With {@link #withEmbeddings}, the embeddings have to be made with the same file.
     */
    public PipelineOptions withTextAdapter(Path lora) {
        return new PipelineOptions(height, width, precision, embeddings, Optional.of(lora));
    }
}
