package dev.rlcm.onnx.exporter;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import dev.rlcm.graph.TensorData;
import dev.rlcm.onnx.format.OnnxTypes;

/** Decides where the bytes of an exported constant go. */
public interface WeightStore {
    /** Adds a constant to the model: as an initializer, with its bytes inside or a reference to them, or as an input. */
    void store(GraphProto.Builder graph, String name, TensorData data);

    /** Everything inside the model. */
    static WeightStore inline() {
        return (graph, name, data) -> graph.addInitializer(inlined(name, data));
    }

    /** An initializer with its bytes. */
    static TensorProto inlined(String name, TensorData data) {
        return describe(name, data)
                .setRawData(ByteString.copyFrom(data.bytes()))
                .build();
    }

    /** Name, type and shape. */
    static TensorProto.Builder describe(String name, TensorData data) {
        TensorProto.Builder tensor = TensorProto.newBuilder().setName(name).setDataType(OnnxTypes.toOnnx(data.type()));
        for (long dim : data.shape().toLongs()) {
            tensor.addDims(dim);
        }
        return tensor;
    }
}
