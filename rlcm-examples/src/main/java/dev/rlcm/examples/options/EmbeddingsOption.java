package dev.rlcm.examples.options;

import dev.rlcm.onnx.pipeline.PipelineOptions;
import dev.rlcm.onnx.pipeline.PromptEmbeddings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What prompts become, from a file. */
public final class EmbeddingsOption {
    @Option(
            names = "--embeddings",
            paramLabel = "FILE.safetensors",
            description = "Prompts' embeddings, which EmbedPrompts writes, to use instead of the model's text encoders."
                    + " Default: none, the encoders are run.")
    private @Nullable Path file;

    /**
     * How a model is loaded with them.
     *
     * @param usual how it is loaded without
     * @param prompts what it will be asked for
     * @throws IllegalArgumentException if the file lacks one of them
     */
    public PipelineOptions apply(PipelineOptions usual, List<String> prompts) throws IOException {
        if (file == null) {
            return usual;
        }
        PromptEmbeddings.read(file).require(prompts);
        return usual.withEmbeddings(file);
    }

    /** The file, if one is given. */
    public Optional<Path> file() {
        return Optional.ofNullable(file);
    }

    void summarise(Map<String, Object> entries) {
        entries.put("embeddings", file == null ? new Unset("none") : file);
    }
}
