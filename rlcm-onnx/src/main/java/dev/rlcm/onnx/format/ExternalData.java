package dev.rlcm.onnx.format;

import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import dev.rlcm.graph.GraphException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Tensors stored in files beside the model, memory-mapped. A file must lie in the model's directory or below it, also
 * after symbolic links are resolved, so that a foreign model cannot read other files.
 */
public final class ExternalData {
    private final Path directory;

    public ExternalData(Path modelFile) {
        this.directory = modelFile.toAbsolutePath().getParent();
    }

    /** Exactly {@code bytes} bytes, copied only if not aligned to the element width. */
    ByteBuffer map(List<StringStringEntryProto> entries, long bytes, int elementBytes) {
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
                throw new GraphException("needs " + bytes + " bytes, a tensor holds at most 2 GiB");
            }
            ByteBuffer mapped = channel.map(FileChannel.MapMode.READ_ONLY, offset, bytes);
            return offset % elementBytes == 0
                    ? mapped
                    : ByteBuffer.allocateDirect((int) bytes).put(mapped).flip();
        } catch (IOException e) {
            throw new GraphException("cannot read " + file + ": " + e, e);
        }
    }

    private Path resolve(String location) {
        try {
            Path relative = Path.of(location);
            Path file = directory.resolve(relative).normalize();
            if (location.isEmpty() || relative.isAbsolute() || !file.startsWith(directory)) {
                throw outside(location);
            }
            if (!Files.isRegularFile(file)) {
                throw new GraphException("external data file " + file + " does not exist; it belongs beside the model");
            }
            if (!file.toRealPath().startsWith(directory.toRealPath())) {
                throw outside(location);
            }
            return file;
        } catch (InvalidPathException | IOException e) {
            throw new GraphException("external data location '" + location + "' cannot be resolved: " + e, e);
        }
    }

    private GraphException outside(String location) {
        return new GraphException("external data location '" + location + "' leaves the model's directory " + directory
                + "; the model is hostile or was moved without its data");
    }

    private static long number(Map<String, String> fields, String key, long otherwise) {
        try {
            return fields.containsKey(key) ? Long.parseLong(fields.get(key)) : otherwise;
        } catch (NumberFormatException e) {
            throw new GraphException("external data " + key + " is not a number: " + fields.get(key), e);
        }
    }
}
