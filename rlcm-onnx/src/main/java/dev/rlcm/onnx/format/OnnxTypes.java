package dev.rlcm.onnx.format;

import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Shape;
import java.util.stream.Collectors;

/** Element types by ONNX's numbers. */
public final class OnnxTypes {
    private OnnxTypes() {}

    public static DataType fromOnnx(int number) {
        return switch (number) {
            case TensorProto.DataType.FLOAT_VALUE -> DataType.FLOAT32;
            case TensorProto.DataType.DOUBLE_VALUE -> DataType.FLOAT64;
            case TensorProto.DataType.FLOAT16_VALUE -> DataType.FLOAT16;
            case TensorProto.DataType.BFLOAT16_VALUE -> DataType.BFLOAT16;
            case TensorProto.DataType.INT64_VALUE -> DataType.INT64;
            case TensorProto.DataType.INT32_VALUE -> DataType.INT32;
            case TensorProto.DataType.INT16_VALUE -> DataType.INT16;
            case TensorProto.DataType.INT8_VALUE -> DataType.INT8;
            case TensorProto.DataType.UINT8_VALUE -> DataType.UINT8;
            case TensorProto.DataType.BOOL_VALUE -> DataType.BOOL;
            default -> throw new GraphException("element type " + name(number)
                    + " is not supported; export the model in float32, float16 or bfloat16, with integers up to int64");
        };
    }

    public static int toOnnx(DataType type) {
        return switch (type) {
            case FLOAT32 -> TensorProto.DataType.FLOAT_VALUE;
            case FLOAT64 -> TensorProto.DataType.DOUBLE_VALUE;
            case FLOAT16 -> TensorProto.DataType.FLOAT16_VALUE;
            case BFLOAT16 -> TensorProto.DataType.BFLOAT16_VALUE;
            case INT64 -> TensorProto.DataType.INT64_VALUE;
            case INT32 -> TensorProto.DataType.INT32_VALUE;
            case INT16 -> TensorProto.DataType.INT16_VALUE;
            case INT8 -> TensorProto.DataType.INT8_VALUE;
            case UINT8 -> TensorProto.DataType.UINT8_VALUE;
            case BOOL -> TensorProto.DataType.BOOL_VALUE;
        };
    }

    /** Whether a declared extent is known. PaddlePaddle writes -1 where it is not. */
    public static boolean isFixed(TensorShapeProto.Dimension dim) {
        return dim.hasDimValue() && dim.getDimValue() >= 0;
    }

    /** An input or output of a model. */
    public static ValueInfoProto port(String name, DataType type, Shape shape) {
        TensorShapeProto.Builder dims = TensorShapeProto.newBuilder();
        for (long dim : shape.toLongs()) {
            dims.addDim(TensorShapeProto.Dimension.newBuilder().setDimValue(dim));
        }
        TypeProto.Tensor.Builder tensor =
                TypeProto.Tensor.newBuilder().setElemType(toOnnx(type)).setShape(dims);
        return ValueInfoProto.newBuilder()
                .setName(name)
                .setType(TypeProto.newBuilder().setTensorType(tensor))
                .build();
    }

    /**
     * The type of an input or output.
     *
     * @throws GraphException if it is a sequence or a map
     */
    public static TypeProto.Tensor tensorType(ValueInfoProto port) {
        if (!port.getType().hasTensorType()) {
            throw new GraphException("'" + port.getName() + "' is not a tensor; sequences and maps are not supported");
        }
        return port.getType().getTensorType();
    }

    /** The declared dimensions of an input or output for messages, such as {@code [batch, 4, ?, ?]}. */
    public static String dims(ValueInfoProto port) {
        return tensorType(port).getShape().getDimList().stream()
                .map(dim -> isFixed(dim)
                        ? String.valueOf(dim.getDimValue())
                        : dim.getDimParam().isEmpty() ? "?" : dim.getDimParam())
                .collect(Collectors.joining(", ", "[", "]"));
    }

    private static String name(int number) {
        TensorProto.DataType known = TensorProto.DataType.forNumber(number);
        return known == null ? String.valueOf(number) : known.name();
    }
}
