package dev.rlcm.io;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.util.List;

/** What the formats share: checked shapes and the transfer of a tensor's bytes. */
final class TensorBytes {
    /** More axes than any real tensor has; NumPy's own limit is 64. */
    static final int MAX_RANK = 64;

    private TensorBytes() {}

    /** A shape from untrusted extents, whose tensor takes exactly {@code available} bytes. */
    static Shape shape(String source, DataType type, List<Long> dims, long available) throws IOException {
        Shape shape;
        try {
            shape = Shape.of(dims.stream().mapToLong(Long::longValue).toArray());
            long needed = Math.multiplyExact(shape.size(), type.bytes());
            if (needed != available) {
                throw TensorFileException.damaged(
                        source, type + " " + shape + " takes " + needed + " bytes, there are " + available);
            }
        } catch (IllegalArgumentException e) {
            throw TensorFileException.damaged(source, e);
        } catch (ArithmeticException e) {
            throw TensorFileException.damaged(source, type + " " + dims + " overflows, there are " + available);
        }
        if (available > Integer.MAX_VALUE) {
            throw new TensorFileException(
                    source,
                    type + " " + shape + " takes " + available + " bytes",
                    "a tensor holds at most 2 GiB, split it");
        }
        return shape;
    }

    /** Reads a tensor's bytes into a new direct buffer; the shape is already checked against the file's size. */
    static TensorData read(String source, DataType type, Shape shape, InputStream in) throws IOException {
        TensorData tensor = zeros(source, type, shape);
        ByteBuffer bytes = tensor.bytes();
        ReadableByteChannel channel = Channels.newChannel(in);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes) < 0) {
                throw TensorFileException.damaged(source, "it ends " + bytes.remaining() + " bytes early");
            }
        }
        return tensor;
    }

    static void write(TensorData tensor, OutputStream out) throws IOException {
        ByteBuffer bytes = tensor.bytes();
        byte[] chunk = new byte[Math.min(bytes.remaining(), 1 << 16)];
        while (bytes.hasRemaining()) {
            int length = Math.min(bytes.remaining(), chunk.length);
            bytes.get(chunk, 0, length);
            out.write(chunk, 0, length);
        }
    }

    private static TensorData zeros(String source, DataType type, Shape shape) throws IOException {
        try {
            return TensorData.zeros(type, shape);
        } catch (OutOfMemoryError e) { // the limit on direct buffers, not the heap: nothing was allocated
            throw new TensorFileException(
                    source, type + " " + shape + " does not fit: " + e.getMessage(), "raise -XX:MaxDirectMemorySize");
        }
    }
}
