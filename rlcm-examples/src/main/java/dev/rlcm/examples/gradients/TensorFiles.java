package dev.rlcm.examples.gradients;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.io.Npz;
import dev.rlcm.io.Safetensors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** Named tensors on disk, as .npz or .safetensors, and their conversion to what a graph declares. */
public final class TensorFiles {
    private TensorFiles() {}

    public static Map<String, TensorData> read(Path file) throws IOException {
        return isNpz(file) ? Npz.read(file) : Safetensors.read(file).tensors();
    }

    public static void write(Path file, Map<String, TensorData> tensors) throws IOException {
        if (isNpz(file)) {
            Npz.write(file, tensors);
        } else {
            Safetensors.of(tensors).write(file);
        }
    }

    /** Fails unless the file's name ends as one of the two formats does. */
    public static void requireFormat(Path file) {
        isNpz(file);
    }

    private static boolean isNpz(Path file) {
        if (hasEnding(file, ".npz")) {
            return true;
        }
        if (hasEnding(file, ".safetensors")) {
            return false;
        }
        throw new IllegalArgumentException("tensors are read and written as .npz or .safetensors, got " + file);
    }

    static boolean hasEnding(Path file, String ending) {
        return file.toString().endsWith(ending);
    }

    /**
     * The tensor in the type of a graph's value: real numbers are rounded, integers must fit.
     *
     * @throws IllegalArgumentException if the shape is another one, or if an element is not a number of that type
     */
    public static TensorData convert(String name, TensorData given, Value to) {
        if (!given.shape().equals(to.shape())) {
            throw new IllegalArgumentException(name + " must have the shape " + to.shape() + ", got " + given);
        }
        DataType type = to.type();
        if (given.type() == type) {
            return given;
        }
        if (type.isFloating()) {
            return TensorData.generate(type, given.shape(), given::getDouble);
        }
        TensorData converted = TensorData.zeros(type, given.shape());
        for (int i = 0; i < given.size(); i++) {
            converted.setLong(i, given.getLong(i));
            if (given.type().isFloating() || converted.getLong(i) != given.getLong(i)) {
                throw new IllegalArgumentException(
                        name + " must be " + type + ", got " + given + "; convert it with numpy's astype");
            }
        }
        return converted;
    }
}
