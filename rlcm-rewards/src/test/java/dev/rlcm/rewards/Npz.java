package dev.rlcm.rewards;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/** Reads the arrays of the goldens: row-major, little-endian, header version 1. */
record Npz(Path file) {
    float[] floats(String key) {
        ByteBuffer data = data(key, "<f4");
        float[] values = new float[data.remaining() / Float.BYTES];
        data.asFloatBuffer().get(values);
        return values;
    }

    byte[] bytes(String key) {
        ByteBuffer data = data(key, "|u1");
        byte[] values = new byte[data.remaining()];
        data.get(values);
        return values;
    }

    double[] doubles(String key) {
        ByteBuffer data = data(key, "<f8");
        double[] values = new double[data.remaining() / Double.BYTES];
        data.asDoubleBuffer().get(values);
        return values;
    }

    private ByteBuffer data(String key, String type) {
        try (ZipFile zip = new ZipFile(file.toFile())) {
            ZipEntry entry = zip.getEntry(key + ".npy");
            ByteBuffer npy =
                    ByteBuffer.wrap(zip.getInputStream(entry).readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
            int header = npy.getShort(8);
            String description = new String(npy.array(), 10, header, StandardCharsets.ISO_8859_1);
            if (!description.contains("'" + type + "'") || !description.contains("'fortran_order': False")) {
                throw new IllegalArgumentException(key + " of " + file + " is " + description);
            }
            return npy.position(10 + header).slice().order(ByteOrder.LITTLE_ENDIAN);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
