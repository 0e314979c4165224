package dev.rlcm.onnx.format;

import ai.onnx.proto.OnnxMl.TensorProto;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.function.IntToDoubleFunction;

/** Reads the tensors of one model file. Sizes are checked against the bytes at hand before anything is allocated. */
public final class OnnxTensors {
    private final Optional<ExternalData> external;
    private final boolean mapped;

    private OnnxTensors(Optional<ExternalData> external, boolean mapped) {
        this.external = external;
        this.mapped = mapped;
    }

    public OnnxTensors(ExternalData external) {
        this(external, false);
    }

    /** @param mapped whether bytes inside the model are shared with the memory-mapped file, aligned or not */
    public OnnxTensors(ExternalData external, boolean mapped) {
        this(Optional.of(external), mapped);
    }

    /** The tensors of a model that is no file, and has none beside it. */
    public static OnnxTensors inMemory() {
        return new OnnxTensors(Optional.empty(), false);
    }

    /**
     * Reads a tensor.
     *
     * @throws GraphException if the tensor cannot be read; the message says why and leaves naming it to the caller
     */
    public TensorData read(TensorProto tensor) {
        try {
            DataType type = OnnxTypes.fromOnnx(tensor.getDataType());
            Shape shape =
                    Shape.of(tensor.getDimsList().stream().mapToLong(d -> d).toArray());
            long bytes = Math.multiplyExact(shape.size(), type.bytes());
            if (tensor.getDataLocation() == TensorProto.DataLocation.EXTERNAL) {
                ExternalData files = external.orElseThrow(() -> new GraphException(
                        "is stored in a file beside the model, which is in memory; load the model from its file"));
                return files.map(tensor.getExternalDataList(), type, shape);
            }
            return tensor.hasRawData() ? raw(tensor, type, shape, bytes) : typed(tensor, type, shape);
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new GraphException(String.valueOf(e.getMessage()), e);
        }
    }

    private TensorData raw(TensorProto tensor, DataType type, Shape shape, long bytes) {
        if (tensor.getRawData().size() != bytes) {
            throw new GraphException(type + " " + shape + " takes " + bytes + " bytes, the file holds "
                    + tensor.getRawData().size() + "; the file is damaged, export it again");
        }
        if (mapped) {
            return TensorData.wrap(type, shape, tensor.getRawData().asReadOnlyByteBuffer());
        }
        TensorData data = TensorData.zeros(type, shape);
        ByteBuffer target = data.bytes();
        tensor.getRawData().copyTo(target);
        return data;
    }

    /** The older storage, one protobuf number an element; 16-bit reals are bit patterns in int32. */
    private static TensorData typed(TensorProto tensor, DataType type, Shape shape) {
        return switch (type) {
            case FLOAT32 -> filled(type, shape, tensor.getFloatDataCount(), tensor::getFloatData);
            case FLOAT64 -> filled(type, shape, tensor.getDoubleDataCount(), tensor::getDoubleData);
            case INT64 -> {
                demandCount(shape, tensor.getInt64DataCount());
                TensorData data = TensorData.zeros(type, shape);
                for (int i = 0; i < data.size(); i++) {
                    data.setLong(i, tensor.getInt64Data(i));
                }
                yield data;
            }
            case FLOAT16, BFLOAT16 -> {
                demandCount(shape, tensor.getInt32DataCount());
                TensorData data = TensorData.zeros(type, shape);
                ByteBuffer bytes = data.bytes();
                for (int i = 0; i < data.size(); i++) {
                    bytes.putShort((short) tensor.getInt32Data(i));
                }
                yield data;
            }
            default -> filled(type, shape, tensor.getInt32DataCount(), tensor::getInt32Data);
        };
    }

    private static TensorData filled(DataType type, Shape shape, int count, IntToDoubleFunction values) {
        demandCount(shape, count);
        return TensorData.generate(type, shape, values);
    }

    private static void demandCount(Shape shape, int count) {
        if (count != shape.size()) {
            throw new GraphException("takes " + shape.size() + " values, the file holds " + count
                    + "; the file is damaged, export it again");
        }
    }
}
