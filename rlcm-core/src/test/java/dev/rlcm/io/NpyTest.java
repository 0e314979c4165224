package dev.rlcm.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NpyTest {
    @TempDir
    Path directory;

    @Provide
    Arbitrary<TensorData> tensors() {
        return Tensors.of(Tensors.NPY);
    }

    @Property(tries = 200)
    void writeThenReadIsIdentity(@ForAll("tensors") TensorData tensor) throws IOException {
        try (Scratch scratch = Scratch.create()) {
            Path file = scratch.file("x.npy");
            Npy.write(file, tensor);
            assertThat(Tensors.content(Npy.read(file))).isEqualTo(Tensors.content(tensor));
        }
    }

    @Test
    void readsWhatNumpyWrote() throws IOException {
        Path golden = Path.of(System.getProperty("rlcm.root"), "fixtures");
        assertThat(Npy.read(golden.resolve("tiny-lcm-golden/sample.npy")).shape())
                .isEqualTo(Shape.of(2, 4, 16, 16));
        assertThat(Npy.read(golden.resolve("tokenizer-golden/ids.npy")).type()).isEqualTo(DataType.INT64);
    }

    @Test
    void columnMajorArraysAreTransposed() throws IOException {
        // a[i][j][k] = 100 i + 10 j + k, the first index running fastest in the file
        ByteBuffer bytes = ByteBuffer.allocate(2 * 3 * 2 * 4).order(ByteOrder.LITTLE_ENDIAN);
        for (int k = 0; k < 2; k++) {
            for (int j = 0; j < 3; j++) {
                for (int i = 0; i < 2; i++) {
                    bytes.putFloat(100 * i + 10 * j + k);
                }
            }
        }
        TensorData read = Npy.read(npy(1, "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3, 2), }", bytes));
        assertThat(read.toFloats()).containsExactly(0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, 121);
    }

    @Test
    void bigEndianArraysAreSwapped() throws IOException {
        ByteBuffer doubles = ByteBuffer.allocate(16).putDouble(1.5).putDouble(-2);
        assertThat(Npy.read(npy(2, "{'descr': '>f8', 'fortran_order': False, 'shape': (2,), }", doubles))
                        .toDoubles())
                .containsExactly(1.5, -2);
        ByteBuffer shorts = ByteBuffer.allocate(8)
                .putShort((short) 1)
                .putShort((short) 2)
                .putShort((short) 3)
                .putShort((short) -4);
        assertThat(Npy.read(npy(3, "{'descr': '>i2', 'fortran_order': True, 'shape': (2,2), }", shorts))
                        .toLongs())
                .containsExactly(1, 3, 2, -4);
    }

    @Test
    void keysMayComeInAnyOrder() throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(1).put((byte) 7);
        assertThat(Npy.read(npy(1, "{\"shape\":(), \"fortran_order\":False, \"descr\":\"|u1\"}", bytes))
                        .toLongs())
                .containsExactly(7);
    }

    @ParameterizedTest
    @ValueSource(strings = {"|O", "<U8", "|S4", "<c8", "<u4", "<u2", "<M8[ns]", ""})
    void objectsStringsAndForeignTypesAreRefused(String descr) throws IOException {
        Path file =
                npy(1, "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (1,), }", ByteBuffer.allocate(8));
        assertThatThrownBy(() -> Npy.read(file))
                .isInstanceOf(TensorFileException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("astype");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "(3,)                                | takes 12 bytes, there are 8",
                "(1,)                                | takes 4 bytes, there are 8",
                "(9999999999,)                       | too large",
                "(2147483647, 2147483647, 2147483647)| too many",
                "(2147483647, 2147483647)            | there are 8",
                "(99999999999999999999,)             | dimension 9999",
                "(-2,)                               | no plain 'shape'",
                "(1 2,)                              | dimension 1 2"
            })
    void hostileShapesAreRefusedBeforeAllocation(String shape, String reason) throws IOException {
        Path file =
                npy(1, "{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + ", }", ByteBuffer.allocate(8));
        assertThatThrownBy(() -> Npy.read(file))
                .isInstanceOf(TensorFileException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void structuredArraysAndUnknownVersionsAreRefused() throws IOException {
        Path structured =
                npy(1, "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", ByteBuffer.allocate(4));
        assertThatThrownBy(() -> Npy.read(structured)).hasMessageContaining("structured");
        Path future = npy(4, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", ByteBuffer.allocate(4));
        assertThatThrownBy(() -> Npy.read(future)).hasMessageContaining("version 4");
    }

    @Test
    void bfloat16HasNoNpyForm() {
        TensorData brain = TensorData.zeros(DataType.BFLOAT16, Shape.of(2));
        assertThatThrownBy(() -> Npy.write(directory.resolve("x.npy"), brain))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("safetensors");
    }

    private Path npy(int version, String header, ByteBuffer data) throws IOException {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', (byte) version, 0});
        ByteBuffer length = ByteBuffer.allocate(version == 1 ? 2 : 4).order(ByteOrder.LITTLE_ENDIAN);
        if (version == 1) {
            length.putShort((short) text.length);
        } else {
            length.putInt(text.length);
        }
        bytes.writeBytes(length.array());
        bytes.writeBytes(text);
        bytes.write(data.array(), data.arrayOffset(), data.capacity());
        return Files.write(directory.resolve("x.npy"), bytes.toByteArray());
    }
}
