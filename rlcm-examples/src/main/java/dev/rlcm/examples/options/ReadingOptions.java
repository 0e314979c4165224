package dev.rlcm.examples.options;

import dev.rlcm.onnx.ReadOptions;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Option;

/** How the files of a network are read. */
public final class ReadingOptions {
    @Option(
            names = "--path",
            paramLabel = "NAME=PATH",
            description =
                    "Module path of a layer of the network whose names tell none, by the name of its node or weight;"
                            + " may be repeated, or stand in an @file.")
    private Map<String, String> paths = new LinkedHashMap<>();

    @Option(
            names = "--trust-links",
            description =
                    "Follow symbolic links beside the network wherever they lead. Default: inside its directory, or"
                            + " the repository in the hub's cache.")
    private boolean linksTrusted;

    public ReadOptions get() {
        return new ReadOptions(linksTrusted, paths);
    }
}
