package dev.rlcm.onnx.pipeline;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Finds the files of a model directory, and says how to export those that are missing. */
final class ExportedFiles {
    private static final String LAYOUT = "model_index.json, scheduler/ and a folder with model.onnx for every network";

    private ExportedFiles() {}

    /**
     * A folder with a model.
     *
     * @throws IllegalArgumentException if it is none
     */
    static void requireFolder(Path model) {
        if (!Files.isDirectory(model)) {
            throw new IllegalArgumentException(
                    (Files.exists(model) ? model + " is a file, not a model directory" : model + " does not exist")
                            + "; expected a folder with " + LAYOUT + ". " + byOptimum(model));
        }
    }

    /**
     * A file of a model that Optimum exports.
     *
     * @throws IllegalArgumentException if it is missing
     */
    static Path require(Path model, String name) throws IOException {
        return require(model, name, byOptimum(model));
    }

    /**
     * As {@link #require(Path, String)}.
     *
     * @param export how it is exported, a sentence
     */
    static Path require(Path model, String name, String export) throws IOException {
        Path file = model.resolve(name);
        if (Files.isRegularFile(file)) {
            return file;
        }
        if (holdsPyTorchWeights(file.toAbsolutePath().getParent())) {
            throw new IllegalArgumentException(
                    model + " holds PyTorch weights, but no " + name + "; only ONNX exports can be used. " + export);
        }
        throw new IllegalArgumentException(
                model + " has no " + name + "; expected the layout that Optimum writes: " + LAYOUT + ". " + export);
    }

    private static boolean holdsPyTorchWeights(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return false;
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString())
                    .anyMatch(name -> name.endsWith(".safetensors") || name.endsWith(".bin") || name.endsWith(".ckpt"));
        }
    }

    private static String byOptimum(Path root) {
        Path name = root.toAbsolutePath().normalize().getFileName();
        return "Export with: optimum-cli export onnx --model MODEL --task text-to-image "
                + (name == null ? "model" : name) + "-onnx";
    }
}
