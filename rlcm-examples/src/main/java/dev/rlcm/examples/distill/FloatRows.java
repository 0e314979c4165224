package dev.rlcm.examples.distill;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Arrays of one length as a tensor, FLOAT32 [rows, length], and back. */
final class FloatRows {
    private FloatRows() {}

    /** @param rows at least one */
    static TensorData tensor(List<float[]> rows) {
        TensorData tensor = TensorData.zeros(DataType.FLOAT32, Shape.of(rows.size(), rows.get(0).length));
        FloatBuffer buffer = tensor.floats();
        rows.forEach(buffer::put);
        return tensor;
    }

    /**
     * The rows of what was read from a file.
     *
     * @throws IOException if it is no such tensor
     */
    static List<float[]> of(@Nullable TensorData tensor, Path file) throws IOException {
        if (tensor == null
                || tensor.type() != DataType.FLOAT32
                || tensor.shape().rank() != 2) {
            throw new IOException(
                    file + " does not hold what a distillation learns from; delete it to have it made again");
        }
        FloatBuffer buffer = tensor.floats();
        List<float[]> rows = new ArrayList<>();
        for (int i = 0; i < tensor.shape().dim(0); i++) {
            float[] row = new float[tensor.shape().dim(1)];
            buffer.get(row);
            rows.add(row);
        }
        return rows;
    }
}
