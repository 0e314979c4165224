package dev.rlcm.io;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/** The SHA-256 of files and texts, by which others are told from them. Not thread-safe. */
public final class FileHash {
    private final MessageDigest digest;

    public FileHash() {
        try {
            this.digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** Adds a text in UTF-8, as the name of what follows. */
    public FileHash add(String text) {
        digest.update(text.getBytes(StandardCharsets.UTF_8));
        return this;
    }

    /** Adds bytes. */
    public FileHash add(byte[] bytes) {
        digest.update(bytes);
        return this;
    }

    /**
     * Adds what a file holds, without its name.
     *
     * @throws IOException if it cannot be read
     */
    public FileHash add(Path file) throws IOException {
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
            in.transferTo(OutputStream.nullOutputStream());
        }
        return this;
    }

    /** The hash of what was added, 64 digits in hexadecimal. Begins anew. */
    public String hex() {
        return HexFormat.of().formatHex(digest.digest());
    }

    /**
     * The regular files of a folder and the folders in it, or a file itself, in a fixed order.
     *
     * @throws IOException if a folder cannot be read
     */
    public static List<Path> files(Path path) throws IOException {
        try (Stream<Path> tree = Files.walk(path)) {
            return tree.filter(Files::isRegularFile).sorted().toList();
        }
    }
}
