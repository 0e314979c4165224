package dev.rlcm.examples.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rlcm.io.AtomicFiles;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/**
 * A model directory whose networks are compressed and have no weights. Unpacked, each has a weights file of the full length that takes
 * next to no space: only the first numbers of a tensor are written, so that no tensor looks like one number repeated; the rest is a
 * hole. Such a model can be imported and planned, but what it computes means nothing.
 */
final class PackedModel {
    private static final String GRAPH = "model.onnx.gz";
    private static final String LAYOUT = "weights.json";
    private static final int WRITTEN = 64; // numbers of a tensor

    private PackedModel() {}

    /** Whether the directory holds networks to be unpacked. */
    static boolean is(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory, 2)) {
            return files.anyMatch(file -> file.endsWith(GRAPH));
        }
    }

    /** Unpacks a model, over what is there. */
    static void unpack(Path packed, Path directory) throws IOException {
        List<Path> files;
        try (Stream<Path> tree = Files.walk(packed)) {
            files = tree.filter(Files::isRegularFile).toList();
        }
        for (Path file : files) {
            Path target = directory.resolve(packed.relativize(file).toString());
            Files.createDirectories(target.getParent());
            if (file.endsWith(GRAPH)) {
                try (InputStream in = new GZIPInputStream(Files.newInputStream(file))) {
                    AtomicFiles.write(target.resolveSibling("model.onnx"), in::transferTo);
                }
            } else if (file.endsWith(LAYOUT)) {
                writeWeights(new ObjectMapper().readTree(file.toFile()), target.resolveSibling("weights.bin"));
            } else {
                AtomicFiles.write(target, out -> Files.copy(file, out));
            }
        }
    }

    private static void writeWeights(JsonNode layout, Path file) throws IOException {
        Files.deleteIfExists(file);
        Random random = new Random(0);
        ByteBuffer numbers = ByteBuffer.allocate(WRITTEN * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        try (SeekableByteChannel channel = Files.newByteChannel(
                file, StandardOpenOption.CREATE_NEW, StandardOpenOption.SPARSE, StandardOpenOption.WRITE)) {
            for (JsonNode offset : layout.required("offsets")) {
                numbers.clear();
                while (numbers.hasRemaining()) {
                    numbers.putFloat((float) random.nextGaussian());
                }
                channel.position(offset.longValue()).write(numbers.flip());
            }
            channel.position(layout.required("bytes").longValue() - 1).write(ByteBuffer.allocate(1));
        }
    }
}
