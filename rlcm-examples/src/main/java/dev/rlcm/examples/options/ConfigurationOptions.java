package dev.rlcm.examples.options;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where other options get their values from, if they are not on the command line; see {@link SavedOptions}. */
final class ConfigurationOptions {
    @Option(
            names = "--config",
            paramLabel = "FILE",
            description =
                    "Values of all options that are not given: the config.json of a run, to repeat it, or an excerpt.")
    @Nullable
    Path config;

    @Option(
            names = "--preset",
            paramLabel = "NAME",
            description =
                    "The same from a configuration that comes along: ${COMPLETION-CANDIDATES}, with the settings of the"
                            + " paper's tasks. They are for models of Stable Diffusion's size.")
    @Nullable
    Preset preset;
}
