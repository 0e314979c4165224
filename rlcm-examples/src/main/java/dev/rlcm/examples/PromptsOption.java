package dev.rlcm.examples;

import dev.rlcm.train.Prompts;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What is drawn while training. */
final class PromptsOption {
    @Option(
            names = "--prompts",
            paramLabel = "FILE",
            description = "Training prompts, one a line. Default: 45 animals in seven scenes.")
    private @Nullable Path prompts;

    Prompts prompts() throws IOException {
        return prompts != null ? Prompts.lines(prompts) : EmbeddedModel.prompts();
    }

    /** For reports. */
    String promptsName() {
        return prompts != null ? prompts.toString() : "45 animals in 7 scenes (embedded)";
    }
}
