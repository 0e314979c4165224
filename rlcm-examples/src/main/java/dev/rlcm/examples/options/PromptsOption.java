package dev.rlcm.examples.options;

import dev.rlcm.examples.models.EmbeddedModel;
import dev.rlcm.reward.Prompt;
import dev.rlcm.train.PromptFiles;
import dev.rlcm.train.PromptSource;
import dev.rlcm.train.Prompts;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What is drawn while training. */
public final class PromptsOption {
    @Option(
            names = "--prompts",
            paramLabel = "FILE",
            description =
                    "Training prompts, one a line; in a file *.jsonl, a JSON object with the field prompt and others for"
                            + " the reward. Default: 45 animals in seven scenes.")
    private @Nullable Path prompts;

    /** What training draws from. */
    public PromptSource source() throws IOException {
        return prompts != null && prompts.toString().endsWith(".jsonl")
                ? PromptSource.uniform(PromptFiles.read(prompts))
                : prompts();
    }

    /** Their texts alone. */
    public Prompts prompts() throws IOException {
        return prompts != null
                ? new Prompts(
                        PromptFiles.read(prompts).stream().map(Prompt::text).toList())
                : EmbeddedModel.prompts();
    }

    /** For reports. */
    public String promptsName() {
        return prompts != null ? prompts.toString() : "45 animals in 7 scenes (embedded)";
    }
}
