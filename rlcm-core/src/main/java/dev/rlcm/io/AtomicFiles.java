package dev.rlcm.io;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/** Files that are either there whole or not there: a crash while writing leaves the previous version. Thread-safe. */
public final class AtomicFiles {
    private AtomicFiles() {}

    /** Writes a file's content; the stream is buffered, and closed by the caller. */
    @FunctionalInterface
    public interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    /**
     * Replaces a file: writes a hidden sibling, forces it to the disk and moves it over the target. Missing parent
     * directories are made.
     *
     * @throws IOException if writing fails; it names the target, which is then untouched, and the sibling is deleted
     */
    public static void write(Path target, Content content) throws IOException {
        Path absolute = target.toAbsolutePath();
        Path directory = absolute.getParent();
        if (directory == null) {
            throw new IllegalArgumentException("expected the path of a file, got " + target);
        }
        // Not Files.createTempFile, whose owner-only permissions would stay with the file.
        Path sibling = directory.resolve("." + absolute.getFileName() + "." + UUID.randomUUID() + ".tmp");
        try {
            Files.createDirectories(directory);
            write(sibling, absolute, content);
        } catch (IOException e) {
            throw FileErrors.naming(target, e);
        }
    }

    private static void write(Path sibling, Path target, Content content) throws IOException {
        try {
            try (FileChannel channel =
                            FileChannel.open(sibling, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
                    OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16)) {
                content.writeTo(out);
                out.flush();
                channel.force(true);
            }
            Files.move(sibling, target, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(sibling);
        }
    }

    /** Replaces a file by UTF-8 text. */
    public static void writeString(Path target, String text) throws IOException {
        write(target, out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
    }
}
