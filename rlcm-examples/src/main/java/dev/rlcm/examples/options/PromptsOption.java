package dev.rlcm.examples.options;

import dev.rlcm.examples.models.EmbeddedModel;
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
            description = "Training prompts, one a line. Default: 45 animals in seven scenes.")
    private @Nullable Path prompts;

    public Prompts prompts() throws IOException {
        return prompts != null ? Prompts.lines(prompts) : EmbeddedModel.prompts();
    }

    /** For reports. */
    public String promptsName() {
        return prompts != null ? prompts.toString() : "45 animals in 7 scenes (embedded)";
    }
}
