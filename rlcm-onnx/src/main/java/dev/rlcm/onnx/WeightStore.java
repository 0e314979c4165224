package dev.rlcm.onnx;

import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import dev.rlcm.graph.TensorData;

/** Decides where the bytes of an exported constant go. */
interface WeightStore {
    /** The initializer of that name: with its bytes inside, or with a reference to them. */
    TensorProto store(String name, TensorData data);

    /** Everything inside the model. */
    static WeightStore inline() {
        return (name, data) -> describe(name, data)
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
