package dev.rlcm.onnx.format;

import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Tensors stored in files beside the model, memory-mapped.
 *
 * <p>The model is foreign, so it does not decide what is read: the location that it names must lie in its directory or
 * below, as text. Symbolic links there were made by whoever fetched the model, which may have been from a foreign archive:
 * they may lead to files of the model's directory, and in the cache of {@code huggingface_hub}, where {@code
 * snapshots/<revision>} holds links only, to the {@code blobs} of the same repository. A host that trusts them all says
 * so. Links in the path of the directory itself are the host's own and always trusted.
 */
public final class ExternalData {
    private final Path modelFile;
    private final boolean linksTrusted;

    /** Trusts only links that stay inside. */
    public ExternalData(Path modelFile) {
        this(modelFile, false);
    }

    /** @param linksTrusted whether links in the model's directory are followed wherever they lead */
    public ExternalData(Path modelFile, boolean linksTrusted) {
        this.modelFile = modelFile;
        this.linksTrusted = linksTrusted;
    }

    /** A tensor that lies in the file, copied only if its bytes are not aligned to the element width. */
    TensorData map(List<StringStringEntryProto> entries, DataType type, Shape shape) {
        long bytes = Math.multiplyExact(shape.size(), type.bytes());
        Map<String, String> fields = new HashMap<>();
        entries.forEach(e -> fields.put(e.getKey(), e.getValue()));
        String location = fields.getOrDefault("location", "");
        long offset = number(fields, "offset", 0);
        long length = number(fields, "length", bytes);
        if (length != bytes) {
            throw new GraphException("needs " + bytes + " bytes, '" + location + "' is said to hold " + length);
        }
        Path file = resolve(location);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            if (offset < 0 || offset > channel.size() - bytes) {
                throw new GraphException("bytes " + offset + " to " + (offset + bytes) + " lie outside " + file + " ("
                        + channel.size() + " bytes); the file is truncated, fetch it again");
            }
            if (bytes > Integer.MAX_VALUE) {
                throw new GraphException(
                        "needs " + bytes + " bytes, a tensor holds at most 2 GiB; export the model in 16 bits");
            }
            ByteBuffer mapped = channel.map(FileChannel.MapMode.READ_ONLY, offset, bytes);
            if (offset % type.bytes() != 0) {
                ByteBuffer copy =
                        ByteBuffer.allocateDirect((int) bytes).put(mapped).flip();
                return TensorData.wrap(type, shape, copy);
            }
            Version version = Version.of(file);
            return TensorData.mapped(type, shape, mapped, (from, count) -> version.read(file, offset + from, count)
                    .orElseGet(() -> mapped.slice(from, count)));
        } catch (IOException e) {
            throw new GraphException("cannot read " + file + ": " + e, e);
        }
    }

    /** What tells a file from another one that takes its place. */
    private record Version(@Nullable Object key, FileTime modified, long size) {
        static Version of(Path file) throws IOException {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            return new Version(attributes.fileKey(), attributes.lastModifiedTime(), attributes.size());
        }

        /** A copy in the Java heap; nothing if the file is gone or another one by now. */
        Optional<ByteBuffer> read(Path file, long offset, int bytes) {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
                ByteBuffer copy = ByteBuffer.allocate(bytes);
                int read = equals(of(file)) ? 0 : -1;
                while (read >= 0 && copy.hasRemaining()) {
                    read = channel.read(copy, offset + copy.position());
                }
                return copy.hasRemaining() ? Optional.empty() : Optional.of(copy.flip());
            } catch (IOException e) {
                return Optional.empty();
            }
        }
    }

    private Path resolve(String location) {
        try {
            Path named = Path.of(location).normalize();
            if (location.isEmpty() || named.isAbsolute() || named.startsWith("..")) {
                throw new GraphException("external data location '" + location + "' leaves the model's directory; the"
                        + " model is hostile, or damaged");
            }
            Path directory = directory();
            Path file = directory.resolve(named);
            if (!Files.isRegularFile(file)) {
                throw new GraphException("external data file " + file + " does not exist; it belongs beside the model");
            }
            Path real = file.toRealPath();
            if (!linksTrusted && !isInside(real, directory)) {
                throw new GraphException(
                        "external data file " + file + " is a link to " + real + ", outside of the"
                                + " model's directory; copy the file there, or follow links if you trust whoever made this one");
            }
            return real;
        } catch (InvalidPathException | IOException e) {
            throw new GraphException("external data location '" + location + "' cannot be resolved: " + e, e);
        }
    }

    /** Real, so that neither {@code ./} nor a link in the path that the host gave makes a difference. */
    private Path directory() throws IOException {
        Path directory = modelFile.toAbsolutePath().getParent();
        if (directory == null) {
            throw new GraphException(modelFile + " is no path of a file");
        }
        return directory.toRealPath();
    }

    private static boolean isInside(Path file, Path directory) {
        return file.startsWith(directory)
                || hubBlobs(directory).filter(file::startsWith).isPresent();
    }

    /** Where {@code huggingface_hub} keeps the files of {@code <repository>/snapshots/<revision>}. */
    private static Optional<Path> hubBlobs(Path directory) {
        for (Path path = directory.getParent(); path != null; path = path.getParent()) {
            if (path.endsWith("snapshots")) {
                return Optional.of(path.resolveSibling("blobs"));
            }
        }
        return Optional.empty();
    }

    private static long number(Map<String, String> fields, String key, long otherwise) {
        try {
            return fields.containsKey(key) ? Long.parseLong(fields.get(key)) : otherwise;
        } catch (NumberFormatException e) {
            throw new GraphException("external data " + key + " is not a number: " + fields.get(key), e);
        }
    }
}
