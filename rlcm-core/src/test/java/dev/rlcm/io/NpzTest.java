package dev.rlcm.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NpzTest {
    @TempDir
    Path directory;

    @Provide
    Arbitrary<Map<String, TensorData>> arrays() {
        return Tensors.mapOf(Tensors.NPY);
    }

    @Property(tries = 100)
    void writeThenReadIsIdentityAndBytesAreReproducible(@ForAll("arrays") Map<String, TensorData> arrays)
            throws IOException {
        try (Scratch scratch = Scratch.create()) {
            Path file = scratch.file("x.npz");
            Npz.write(file, arrays);
            Map<String, TensorData> read = Npz.read(file);
            assertThat(Tensors.content(read)).isEqualTo(Tensors.content(arrays));
            Npz.write(scratch.file("y.npz"), read);
            assertThat(scratch.file("y.npz")).hasSameBinaryContentAs(file);
        }
    }

    @Test
    void readsEveryFixture() throws IOException {
        try (Stream<Path> files = Files.walk(Path.of(System.getProperty("rlcm.root"), "fixtures"))) {
            for (Path file : files.filter(f -> f.toString().endsWith(".npz")).toList()) {
                assertThat(Npz.read(file, name -> !name.equals("prompts")))
                        .as(file.toString())
                        .isNotEmpty();
            }
        }
        Map<String, TensorData> tables =
                Npz.read(Path.of(System.getProperty("rlcm.root"), "fixtures/scheduler-golden/lcm_tables.npz"));
        assertThat(tables.keySet()).containsExactly("betas", "alphas_cumprod", "alphas_cumprod_f64", "c_skip", "c_out");
        assertThat(tables.get("alphas_cumprod_f64").type()).isEqualTo(DataType.FLOAT64);
        assertThat(tables.get("betas").shape()).isEqualTo(Shape.of(1000));
    }

    @Test
    void stringsAreRefusedUnlessTheyAreNotWanted() throws IOException {
        Path file = Path.of(System.getProperty("rlcm.root"), "fixtures/emoji-golden/lcm-h4.npz");
        assertThatThrownBy(() -> Npz.read(file))
                .isInstanceOf(TensorFileException.class)
                .hasMessageContaining("[prompts.npy]");
        assertThat(Npz.read(file, name -> name.startsWith("noise"))).isNotEmpty();
    }

    @Test
    void foreignEntriesAreRefused() throws IOException {
        Path file = directory.resolve("x.npz");
        try (OutputStream out = Files.newOutputStream(file);
                ZipOutputStream zip = new ZipOutputStream(out)) {
            zip.putNextEntry(new ZipEntry("readme.txt"));
            zip.write('x');
        }
        assertThatThrownBy(() -> Npz.read(file))
                .isInstanceOf(TensorFileException.class)
                .hasMessageContaining("x.npz[readme.txt]");
    }

    @Test
    void aDamagedArrayFailsItsChecksum() throws IOException {
        Path file = directory.resolve("x.npz");
        Npz.write(file, Map.of("a", Tensors.random(DataType.INT8, Shape.of(1000), 5)));
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 1; // incompressible, so the middle is data
        Files.write(file, bytes);
        assertThatThrownBy(() -> Npz.read(file))
                .isInstanceOf(TensorFileException.class)
                .hasMessageContaining("x.npz[a.npy]");
    }

    @Test
    void aMissingFileIsAnIOException() {
        assertThatThrownBy(() -> Npz.read(directory.resolve("none.npz"))).isInstanceOf(IOException.class);
    }
}
