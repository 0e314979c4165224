package dev.rlcm.onnx;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import dev.rlcm.backend.BackendException;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.TensorData;

/** Tensors as ONNX Runtime sees them, over the same bytes. */
final class OrtTensors {
    private OrtTensors() {}

    static OnnxTensor wrap(OrtEnvironment environment, TensorData data) throws OrtException {
        return OnnxTensor.createTensor(environment, data.bytes(), data.shape().toLongs(), javaType(data.type()));
    }

    /** @throws BackendException if it is a type that graphs do not have */
    static DataType fromJava(OnnxJavaType type) {
        for (DataType candidate : DataType.values()) {
            if (javaType(candidate) == type) {
                return candidate;
            }
        }
        throw new BackendException("results of type " + type + " are not supported; cast them in the model");
    }

    private static OnnxJavaType javaType(DataType type) {
        return switch (type) {
            case FLOAT32 -> OnnxJavaType.FLOAT;
            case FLOAT64 -> OnnxJavaType.DOUBLE;
            case FLOAT16 -> OnnxJavaType.FLOAT16;
            case BFLOAT16 -> OnnxJavaType.BFLOAT16;
            case INT64 -> OnnxJavaType.INT64;
            case INT32 -> OnnxJavaType.INT32;
            case INT16 -> OnnxJavaType.INT16;
            case INT8 -> OnnxJavaType.INT8;
            case UINT8 -> OnnxJavaType.UINT8;
            case BOOL -> OnnxJavaType.BOOL;
        };
    }
}
