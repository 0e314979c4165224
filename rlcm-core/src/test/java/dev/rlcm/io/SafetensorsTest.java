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
import java.util.Map;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsTest {
    private static final String ONE = "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}";

    @TempDir
    Path directory;

    @Provide
    Arbitrary<Map<String, TensorData>> tensors() {
        return Tensors.mapOf(Tensors.ALL);
    }

    @Property(tries = 100)
    void writeThenReadIsIdentity(
            @ForAll("tensors") Map<String, TensorData> tensors, @ForAll Map<String, String> metadata)
            throws IOException {
        metadata.keySet().removeIf(SafetensorsTest::hasLoneSurrogate);
        metadata.values().removeIf(SafetensorsTest::hasLoneSurrogate);
        try (Scratch scratch = Scratch.create()) {
            Path file = scratch.file("x.safetensors");
            new Safetensors(tensors, metadata).write(file);
            Safetensors read = Safetensors.read(file);
            assertThat(Tensors.content(read.tensors())).isEqualTo(Tensors.content(tensors));
            assertThat(read.metadata()).isEqualTo(metadata);
        }
    }

    @Property(tries = 50)
    void everyTensorIsAlignedToItsElements(@ForAll("tensors") Map<String, TensorData> tensors) throws IOException {
        try (Scratch scratch = Scratch.create()) {
            Path file = scratch.file("x.safetensors");
            Safetensors.of(tensors).write(file);
            for (TensorData tensor : Safetensors.read(file).tensors().values()) {
                if (tensor.size() > 0) {
                    assertThat(tensor.bytes().alignmentOffset(0, tensor.type().bytes()))
                            .isZero();
                }
            }
        }
    }

    @Test
    void readsAdaptersThatPyTorchWrote() throws IOException {
        Path golden = Path.of(System.getProperty("rlcm.root"), "fixtures", "tiny-lcm-golden");
        Safetensors adapter = Safetensors.read(golden.resolve("lora_peft.safetensors"));
        assertThat(adapter.tensors()).hasSize(256);
        assertThat(adapter.tensors().values()).allMatch(t -> t.type() == DataType.FLOAT32);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
            []                                                                            | expected START_OBJECT
            {"a":ONE} x                                                                   | Unrecognized token
            {"a":ONE}{}                                                                   | goes on after
            {"a":ONE,"a":ONE}                                                             | Duplicate
            {"a":ONE,"b":ONE}                                                             | overlap
            {"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}                        | hole
            {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}                        | the file has 8
            {"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}                       | the file has 8
            {"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}                        | takes 12 bytes
            {"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}                       | negative
            {"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}                        | data_offsets [8, 0]
            {"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}                       | data_offsets [-8, 0]
            {"a":{"dtype":"F32","shape":[2147483647,2147483647,4],"data_offsets":[0,8]}}  | [2147483647
            {"a":{"dtype":"F32","shape":[9999999999],"data_offsets":[0,8]}}               | too large
            {"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,8]}}     | out of range
            {"a":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}}                      | expected VALUE_NUMBER_INT
            {"a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}                    | convert it
            {"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}                          | missing or incomplete
            {"a":{"dtype":"F32","data_offsets":[0,8]}}                                    | missing or incomplete
            {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"pickle":1}}             | unknown key pickle
            {"a":ONE,"__metadata__":{"alpha":32}}                                         | expected VALUE_STRING
            """)
    void hostileHeadersAreRefusedWithTheirReason(String json, String reason) throws IOException {
        Path file = write(json.strip().replace("ONE", ONE).getBytes(StandardCharsets.UTF_8), 8);
        assertThatThrownBy(() -> Safetensors.read(file))
                .isInstanceOf(TensorFileException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining(reason);
    }

    @Test
    void aHeaderLongerThanAllowedIsNotAllocated() throws IOException {
        Path file = directory.resolve("x");
        for (long length : new long[] {-1, 0, 100_000_001, Long.MAX_VALUE}) {
            Files.write(
                    file,
                    ByteBuffer.allocate(16)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putLong(length)
                            .array());
            assertThatThrownBy(() -> Safetensors.read(file))
                    .isInstanceOf(TensorFileException.class)
                    .hasMessageContaining("a header of " + Long.toUnsignedString(length));
        }
    }

    @Test
    void aDirectoryIsNamed() {
        assertThatThrownBy(() -> Safetensors.read(directory))
                .isInstanceOf(TensorFileException.class)
                .hasMessage(directory + ": it is a directory; give a safetensors file");
    }

    @Test
    void anUnknownTensorIsNamedBesideThoseThereAre() {
        Safetensors one = Safetensors.of(Map.of("a", TensorData.floats(Shape.of(1), 1)));
        assertThat(one.tensor("a").toFloats()).containsExactly(1);
        assertThatThrownBy(() -> one.tensor("b"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no tensor b")
                .hasMessageContaining("[a]");
    }

    @Test
    void aFileCanBeReplacedWhileItIsMapped() throws IOException {
        Path file = directory.resolve("x");
        Safetensors.of(Map.of("a", TensorData.floats(Shape.of(1), 1))).write(file);
        Safetensors before = Safetensors.read(file);
        Safetensors.of(Map.of("a", TensorData.floats(Shape.of(1), 2))).write(file);
        assertThat(before.tensor("a").toFloats()).containsExactly(1);
        assertThat(Safetensors.read(file).tensor("a").toFloats()).containsExactly(2);
    }

    private Path write(byte[] header, int dataBytes) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header.length)
                .array());
        bytes.writeBytes(header);
        bytes.writeBytes(new byte[dataBytes]);
        return Files.write(directory.resolve("hostile.safetensors"), bytes.toByteArray());
    }

    private static boolean hasLoneSurrogate(String text) {
        return !StandardCharsets.UTF_8.newEncoder().canEncode(text);
    }
}
