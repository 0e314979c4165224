package dev.rlcm.spark;

import dev.rlcm.io.FileHash;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Path;

/** Hashes by which processes find out whether they hold the same files. */
public final class Fingerprints {
    private Fingerprints() {}

    /**
     * The SHA-256 of a file, or of all files of a directory with their relative paths, in hexadecimal. Reads everything.
     *
     * @throws IOException if something cannot be read
     */
    public static String ofFiles(Path path) throws IOException {
        FileHash hash = new FileHash();
        for (Path file : FileHash.files(path)) {
            hash.add(path.relativize(file).toString()).add(file);
        }
        return hash.hex();
    }

    /** The hash of the jar, or the folder of classes, that a class was loaded from. */
    static String ofLibrary(Class<?> type) {
        try {
            return ofFiles(Path.of(
                    type.getProtectionDomain().getCodeSource().getLocation().toURI()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (URISyntaxException e) {
            throw new IllegalStateException("the library was not loaded from a file", e);
        }
    }
}
