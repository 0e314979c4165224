package dev.rlcm.io;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.TensorData;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Hugging Face's safetensors: named tensors and a string map, behind a JSON header
 * (https://github.com/huggingface/safetensors#format).
 *
 * <p>Tensors read from a file are memory-mapped and read-only: loading costs no copy, and the file must not be
 * truncated while they are in use (replacing it, as {@link #write} does, is fine). Immutable but for the tensors' shared
 * bytes; thread-safe.
 *
 * @param tensors by name, in the file's order
 * @param metadata free strings, empty if there are none
 */
public record Safetensors(Map<String, TensorData> tensors, Map<String, String> metadata) {
    public Safetensors {
        tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
        metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
        if (tensors.containsKey(SafetensorsHeader.METADATA)) {
            throw new IllegalArgumentException("a tensor cannot be named " + SafetensorsHeader.METADATA);
        }
    }

    /** The tensors without metadata. */
    public static Safetensors of(Map<String, TensorData> tensors) {
        return new Safetensors(tensors, Map.of());
    }

    /**
     * The tensor of that name.
     *
     * @throws IllegalArgumentException if there is none, listing some that there are
     */
    public TensorData tensor(String name) {
        TensorData tensor = tensors.get(name);
        if (tensor == null) {
            List<String> some = tensors.keySet().stream().limit(8).toList();
            throw new IllegalArgumentException(
                    "no tensor " + name + " among " + tensors.size() + ", which start with " + some);
        }
        return tensor;
    }

    /**
     * Maps a file.
     *
     * @throws TensorFileException if the content is not valid safetensors
     */
    public static Safetensors read(Path file) throws IOException {
        String source = file.toString();
        if (Files.isDirectory(file)) {
            throw new TensorFileException(source, "it is a directory", "give a safetensors file");
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long size = channel.size();
            ByteBuffer prefix = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            readFully(source, channel, prefix, 0);
            long headerLength = prefix.getLong(0);
            if (headerLength < 2 || headerLength > SafetensorsHeader.MAX_LENGTH) {
                throw new TensorFileException(
                        source,
                        "it would have a header of " + Long.toUnsignedString(headerLength)
                                + " bytes, so it is no safetensors file or damaged",
                        "give a safetensors file; their headers have at most " + SafetensorsHeader.MAX_LENGTH
                                + " bytes");
            }
            if (headerLength > size - Long.BYTES) {
                throw TensorFileException.damaged(source, "it ends within the header");
            }
            ByteBuffer json = ByteBuffer.allocate((int) headerLength);
            readFully(source, channel, json, Long.BYTES);
            long start = Long.BYTES + headerLength;
            SafetensorsHeader header = SafetensorsHeader.parse(source, json.array(), size - start);
            return new Safetensors(map(channel, header, start, size - start), header.metadata());
        } catch (IOException e) {
            throw FileErrors.naming(file, e);
        }
    }

    /** Replaces the file atomically; the same content always gives the same bytes. */
    public void write(Path file) throws IOException {
        // Wide types first keeps every tensor aligned to its element, as the reference implementation does.
        Map<String, TensorData> sorted = new LinkedHashMap<>();
        new TreeMap<>(tensors)
                .entrySet().stream()
                        .sorted(Comparator.comparing(e -> -e.getValue().type().bytes()))
                        .forEachOrdered(e -> sorted.put(e.getKey(), e.getValue()));
        byte[] header = SafetensorsHeader.write(sorted, metadata);
        ByteBuffer prefix = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        prefix.putLong(0, header.length);
        AtomicFiles.write(file, out -> {
            out.write(prefix.array());
            out.write(header);
            for (TensorData tensor : sorted.values()) {
                TensorBytes.write(tensor, out);
            }
        });
    }

    private static Map<String, TensorData> map(FileChannel channel, SafetensorsHeader header, long start, long length)
            throws IOException {
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        boolean atOnce = length <= Integer.MAX_VALUE; // one mapping for thousands of tensors where Java's limit allows
        ByteBuffer whole = atOnce ? channel.map(MapMode.READ_ONLY, start, length) : ByteBuffer.allocateDirect(0);
        for (Map.Entry<String, SafetensorsHeader.Entry> named : header.entries().entrySet()) {
            SafetensorsHeader.Entry entry = named.getValue();
            ByteBuffer bytes = atOnce
                    ? whole.slice((int) entry.begin(), (int) (entry.end() - entry.begin()))
                    : channel.map(MapMode.READ_ONLY, start + entry.begin(), entry.end() - entry.begin());
            tensors.put(named.getKey(), TensorData.wrap(entry.type(), entry.shape(), bytes));
        }
        return tensors;
    }

    private static void readFully(String source, FileChannel channel, ByteBuffer into, long position)
            throws IOException {
        while (into.hasRemaining()) {
            if (channel.read(into, position + into.position()) < 0) {
                throw TensorFileException.damaged(source, "it ends within the header");
            }
        }
    }

    /** For example {@code Safetensors[256 tensors]}; see {@link DataType} for what a tensor may hold. */
    @Override
    public String toString() {
        return "Safetensors[" + tensors.size() + " tensors, metadata " + metadata.keySet() + "]";
    }
}
