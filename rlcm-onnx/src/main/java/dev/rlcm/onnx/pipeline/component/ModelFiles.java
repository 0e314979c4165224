package dev.rlcm.onnx.pipeline.component;

import dev.rlcm.io.AtomicFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** Copies of the files that models consist of. Stateless and thread-safe. */
public final class ModelFiles {
    private ModelFiles() {}

    /**
     * Copies a file, or the wanted files in a folder and below, each atomically.
     *
     * @param wanted of the paths of files, which begin with {@code from}
     * @throws IOException if a file cannot be read or written
     */
    public static void copy(Path from, Path to, Predicate<Path> wanted) throws IOException {
        try (Stream<Path> tree = Files.walk(from)) {
            for (Path file : tree.filter(Files::isRegularFile).filter(wanted).toList()) {
                Path target = to.resolve(from.relativize(file).toString());
                AtomicFiles.write(target, out -> Files.copy(file, out));
            }
        }
    }

    /**
     * Checks that a copy would not replace the model itself.
     *
     * @throws IllegalArgumentException if both are the same folder
     */
    public static void requireElsewhere(Path directory, Path model) throws IOException {
        if (Files.exists(directory) && Files.isSameFile(directory, model)) {
            throw new IllegalArgumentException(
                    directory + " holds the model that would be copied there; give another directory");
        }
    }
}
