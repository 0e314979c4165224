package dev.rlcm.spark;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/** Hashes by which processes find out whether they hold the same files. */
public final class Fingerprints {
    private Fingerprints() {}

    /**
     * The SHA-256 of a file, or of all files of a directory with their relative paths, in hexadecimal. Reads everything.
     *
     * @throws IOException if something cannot be read
     */
    public static String ofFiles(Path path) throws IOException {
        MessageDigest hash = sha256();
        List<Path> files;
        try (Stream<Path> walked = Files.walk(path)) {
            files = walked.filter(Files::isRegularFile).sorted().toList();
        }
        for (Path file : files) {
            hash.update(path.relativize(file).toString().getBytes(StandardCharsets.UTF_8));
            try (InputStream in = new DigestInputStream(Files.newInputStream(file), hash)) {
                in.transferTo(OutputStream.nullOutputStream());
            }
        }
        return HexFormat.of().formatHex(hash.digest());
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

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}
