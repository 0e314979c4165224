package dev.rlcm.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Whatever happens to a valid file, reading it gives tensors or an IOException: nothing else, and no huge allocation. */
class DamagedFilesTest {
    private static final Map<String, TensorData> TENSORS = tensors();

    private enum Format {
        NPY,
        NPZ,
        SAFETENSORS;

        void write(Path file) throws IOException {
            switch (this) {
                case NPY -> Npy.write(file, TENSORS.get("b"));
                case NPZ -> Npz.write(file, TENSORS);
                case SAFETENSORS -> new Safetensors(TENSORS, Map.of("alpha", "32")).write(file);
            }
        }

        void read(Path file) throws IOException {
            switch (this) {
                case NPY -> Npy.read(file);
                case NPZ -> Npz.read(file);
                case SAFETENSORS -> Safetensors.read(file);
            }
        }
    }

    private static Map<String, TensorData> tensors() {
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        tensors.put("a", Tensors.random(DataType.INT64, Shape.of(2, 3), 1));
        tensors.put("b", Tensors.random(DataType.FLOAT32, Shape.of(2, 1, 2), 2));
        tensors.put("c", Tensors.random(DataType.UINT8, Shape.SCALAR, 3));
        return tensors;
    }

    @Property
    void directoriesInPlaceOfFilesAreNamed(@ForAll Format format) throws IOException {
        try (Scratch scratch = Scratch.create()) {
            assertThatThrownBy(() -> format.read(scratch.directory()))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(scratch.directory().toString());
        }
    }

    @Property(tries = 300)
    void everyTruncationIsReported(@ForAll Format format, @ForAll @IntRange(min = 0, max = 999) int permille)
            throws IOException {
        try (Scratch scratch = Scratch.create()) {
            Path file = scratch.file("x");
            byte[] bytes = valid(format);
            Files.write(file, Arrays.copyOf(bytes, bytes.length * permille / 1000));
            assertThatThrownBy(() -> format.read(file))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(file.toString());
        }
    }

    @Property(tries = 1000)
    void flippedBitsAreReadOrReported(
            @ForAll Format format, @ForAll long seed, @ForAll @IntRange(min = 1, max = 4) int flips)
            throws IOException {
        try (Scratch scratch = Scratch.create()) {
            Path file = scratch.file("x");
            Files.write(file, flipped(valid(format), flips, new Random(seed)));
            try {
                format.read(file);
            } catch (IOException e) {
                assertThat(e).isInstanceOf(TensorFileException.class).hasMessageContaining(file.toString());
            }
        }
    }

    @Property(tries = 300)
    void overwrittenBytesAreReadOrReported(@ForAll Format format, @ForAll long seed) throws IOException {
        try (Scratch scratch = Scratch.create()) {
            Path file = scratch.file("x");
            byte[] bytes = valid(format).clone();
            Random random = new Random(seed);
            int from = random.nextInt(bytes.length);
            byte[] noise = new byte[Math.min(bytes.length - from, 1 + random.nextInt(8))];
            random.nextBytes(noise);
            System.arraycopy(noise, 0, bytes, from, noise.length);
            Files.write(file, bytes);
            try {
                format.read(file);
            } catch (IOException e) {
                assertThat(e).isInstanceOf(TensorFileException.class).hasMessageContaining(file.toString());
            }
        }
    }

    private static byte[] flipped(byte[] valid, int flips, Random random) {
        byte[] bytes = valid.clone();
        for (int i = 0; i < flips; i++) {
            bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
        }
        return bytes;
    }

    private static final Map<Format, byte[]> VALID = new LinkedHashMap<>();

    private static byte[] valid(Format format) throws IOException {
        byte[] known = VALID.get(format);
        if (known != null) {
            return known;
        }
        try (Scratch scratch = Scratch.create()) {
            format.write(scratch.file("x"));
            byte[] bytes = Files.readAllBytes(scratch.file("x"));
            VALID.put(format, bytes);
            return bytes;
        }
    }
}
