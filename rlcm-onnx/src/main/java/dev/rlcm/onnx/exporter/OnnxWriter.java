package dev.rlcm.onnx.exporter;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.io.AtomicFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Writes model files; weights that do not fit in one go to a second file beside it, as ONNX's external data. */
public final class OnnxWriter {
    /** Protobuf stops at 2 GiB; this leaves room for the graph itself. */
    public static final long MAX_INLINE_BYTES = 1_900_000_000L;

    /** Tensors start at multiples of this, so that they can be memory-mapped (ONNX's external-data specification). */
    private static final int ALIGNMENT = 4096;

    /** Tensors below this stay in the model: shapes, axes, scalars. */
    private static final int MIN_EXTERNAL_BYTES = 1024;

    private record Placed(TensorData data, long offset) {}

    private OnnxWriter() {}

    public static void write(Graph graph, Path file, Dialect dialect, long maxInlineBytes) throws IOException {
        long weights = graph.topologicalOrder().stream()
                .filter(v -> v.is(Op.CONSTANT))
                .mapToLong(OnnxWriter::bytes)
                .sum();
        write(file, weights, store -> OnnxExporter.export(graph, store, dialect), maxInlineBytes);
    }

    /**
     * Writes a model.
     *
     * @param weights the bytes of its constants
     * @param model makes the model, asking the store where constants go
     */
    public static void write(Path file, long weights, Function<WeightStore, ModelProto> model, long maxInlineBytes)
            throws IOException {
        if (weights <= maxInlineBytes) {
            writeModel(model.apply(WeightStore.inline()), file);
            return;
        }
        Path dataFile = file.resolveSibling(file.getFileName() + ".data");
        List<Placed> placed = new ArrayList<>();
        ModelProto described = model.apply(external(dataFile.getFileName().toString(), placed));
        AtomicFiles.write(dataFile, out -> {
            WritableByteChannel channel = Channels.newChannel(out);
            long position = 0;
            for (Placed tensor : placed) {
                channel.write(ByteBuffer.allocate((int) (tensor.offset() - position)));
                ByteBuffer bytes = tensor.data().bytes();
                position = tensor.offset() + bytes.remaining();
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
            }
        });
        writeModel(described, file);
    }

    private static long bytes(Value constant) {
        return constant.shape().size() * constant.type().bytes();
    }

    private static void writeModel(ModelProto model, Path file) throws IOException {
        AtomicFiles.write(file, model::writeTo);
    }

    private static WeightStore external(String location, List<Placed> placed) {
        return (graph, name, data) -> {
            long length = data.bytes().remaining();
            if (length < MIN_EXTERNAL_BYTES) {
                graph.addInitializer(WeightStore.inlined(name, data));
                return;
            }
            long end = placed.isEmpty() ? 0 : end(placed.get(placed.size() - 1));
            long offset = (end + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
            placed.add(new Placed(data, offset));
            graph.addInitializer(WeightStore.describe(name, data)
                    .setDataLocation(TensorProto.DataLocation.EXTERNAL)
                    .addExternalData(entry("location", location))
                    .addExternalData(entry("offset", String.valueOf(offset)))
                    .addExternalData(entry("length", String.valueOf(length))));
        };
    }

    private static long end(Placed tensor) {
        return tensor.offset() + tensor.data().bytes().remaining();
    }

    private static StringStringEntryProto entry(String key, String value) {
        return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
    }
}
