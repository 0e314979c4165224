package dev.rlcm.onnx.pipeline.component;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Batches and their rows: a batch is [B, ...], its rows are [...]. */
public final class Rows {
    private Rows() {}

    /** Copies rows of one type and shape into a batch. */
    public static TensorData stack(List<TensorData> rows) {
        TensorData first = rows.get(0);
        TensorData batch = TensorData.zeros(first.type(), prepend(rows.size(), first.shape()));
        ByteBuffer bytes = batch.bytes();
        rows.forEach(row -> bytes.put(row.bytes()));
        return batch;
    }

    /** Rows {@code from} to {@code to} (exclusive), sharing the batch's memory. */
    public static TensorData slice(TensorData batch, int from, int to) {
        Shape shape = batch.shape().with(0, to - from);
        int row = batch.bytes().remaining() / batch.shape().dim(0);
        return TensorData.wrap(batch.type(), shape, batch.bytes().slice(from * row, (to - from) * row));
    }

    /** The same values in another element type; the tensor itself if it has that type. */
    public static TensorData convert(TensorData data, DataType type) {
        return data.type() == type ? data : TensorData.generate(type, data.shape(), data::getDouble);
    }

    public static Shape prepend(int batch, Shape row) {
        return Shape.of(IntStream.concat(IntStream.of(batch), IntStream.of(row.toArray()))
                .toArray());
    }

    /** A part of a batch, {@code [from, to)}. */
    public record Chunk(int from, int to) {
        public int size() {
            return to - from;
        }
    }

    /**
     * Covers {@code total} rows by parts of at most {@code most}, whose sizes are powers of two: few different sizes, and
     * so few executables, whatever the totals are.
     */
    public static List<Chunk> chunks(int total, int most) {
        List<Chunk> chunks = new ArrayList<>();
        int from = 0;
        while (from < total) {
            int size = Integer.highestOneBit(Math.min(total - from, most));
            chunks.add(new Chunk(from, from + size));
            from += size;
        }
        return chunks;
    }
}
