package dev.rlcm.io;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;

/** Arbitrary tensors of every type, and how to compare them bit for bit. */
final class Tensors {
    static final Set<DataType> NPY = EnumSet.complementOf(EnumSet.of(DataType.BFLOAT16));
    static final Set<DataType> ALL = EnumSet.allOf(DataType.class);

    private Tensors() {}

    static Arbitrary<TensorData> of(Set<DataType> types) {
        Arbitrary<int[]> dims =
                Arbitraries.integers().between(0, 4).array(int[].class).ofMaxSize(4);
        return Combinators.combine(Arbitraries.of(types), dims, Arbitraries.longs())
                .as((type, shape, seed) -> random(type, Shape.of(shape), seed));
    }

    static Arbitrary<Map<String, TensorData>> mapOf(Set<DataType> types) {
        Arbitrary<String> names = Arbitraries.of("a", "b.c", "unet/down_blocks.0", "Gewicht \u00fc \"x\"", "\u6f22");
        return Arbitraries.maps(names, of(types)).ofMaxSize(4).map(LinkedHashMap::new);
    }

    static TensorData random(DataType type, Shape shape, long seed) {
        TensorData tensor = TensorData.zeros(type, shape);
        byte[] bytes = new byte[tensor.bytes().remaining()];
        new Random(seed).nextBytes(bytes);
        if (type == DataType.BOOL) {
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] &= 1;
            }
        }
        tensor.bytes().put(bytes);
        return tensor;
    }

    /** Type, shape and bytes, as something that has equality. */
    static List<Object> content(TensorData tensor) {
        ByteBuffer copy = ByteBuffer.allocate(tensor.bytes().remaining());
        copy.put(tensor.bytes()).flip();
        return List.of(tensor.type(), tensor.shape(), copy);
    }

    static Map<String, List<Object>> content(Map<String, TensorData> tensors) {
        Map<String, List<Object>> contents = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> contents.put(name, content(tensor)));
        return contents;
    }
}
