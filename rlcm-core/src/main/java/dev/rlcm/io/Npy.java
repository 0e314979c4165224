package dev.rlcm.io;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * NumPy's .npy: one array of f2, f4, f8, i1, i2, i4, i8, u1 or b1, either byte order, row- or column-major. Objects
 * (pickles) and strings are refused. Thread-safe.
 */
public final class Npy {
    private Npy() {}

    /**
     * The array as a row-major tensor in a direct buffer.
     *
     * @throws TensorFileException if the content is not a readable array
     */
    public static TensorData read(Path file) throws IOException {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
            return read(file.toString(), in, Files.size(file));
        } catch (IOException e) {
            throw FileErrors.naming(file, e);
        }
    }

    /** Replaces the file atomically; {@link DataType#BFLOAT16} has no .npy form and is refused. */
    public static void write(Path file, TensorData tensor) throws IOException {
        byte[] header = NpyHeader.of(tensor.type(), tensor.shape());
        AtomicFiles.write(file, out -> write(header, tensor, out));
    }

    static void write(byte[] header, TensorData tensor, OutputStream out) throws IOException {
        out.write(header);
        TensorBytes.write(tensor, out);
    }

    /** Reads an array of {@code length} bytes, header included. */
    static TensorData read(String source, InputStream in, long length) throws IOException {
        NpyHeader header = NpyHeader.read(source, in, length);
        TensorData stored = TensorBytes.read(source, header.type(), header.shape(), in);
        boolean swapped = header.bigEndian() && header.type().bytes() > 1;
        boolean transposed = header.fortranOrder() && header.shape().rank() > 1;
        return swapped || transposed ? rearranged(stored, swapped, transposed) : stored;
    }

    private static TensorData rearranged(TensorData stored, boolean swapped, boolean transposed) {
        Shape shape = stored.shape();
        TensorData result = TensorData.zeros(stored.type(), shape);
        ByteBuffer from = stored.bytes();
        ByteBuffer to = result.bytes();
        int width = stored.type().bytes();
        int[] dims = shape.toArray();
        int[] index = new int[dims.length];
        for (int i = 0; i < stored.size(); i++) {
            int source = transposed ? columnMajor(index, dims) : i;
            for (int b = 0; b < width; b++) {
                to.put(i * width + b, from.get(source * width + (swapped ? width - 1 - b : b)));
            }
            for (int axis = dims.length - 1; axis >= 0 && ++index[axis] == dims[axis]; axis--) {
                index[axis] = 0;
            }
        }
        return result;
    }

    private static int columnMajor(int[] index, int[] dims) {
        int offset = 0;
        for (int axis = dims.length - 1; axis >= 0; axis--) {
            offset = offset * dims[axis] + index[axis];
        }
        return offset;
    }
}
