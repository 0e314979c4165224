package dev.rlcm.onnx;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/** ONNX Runtime on an original file, without any of our code in between: what re-exports are compared with. */
public final class PlainSession implements AutoCloseable {
    private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
    private final OrtSession session;

    PlainSession(Path file) throws OrtException {
        try (OrtSession.SessionOptions options = options()) {
            session = environment.createSession(file.toString(), options);
        }
    }

    public PlainSession(byte[] model) throws OrtException {
        try (OrtSession.SessionOptions options = options()) {
            session = environment.createSession(model, options);
        }
    }

    private static OrtSession.SessionOptions options() throws OrtException {
        OrtSession.SessionOptions options = new OrtSession.SessionOptions();
        options.setIntraOpNumThreads(2);
        options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.NO_OPT); // its folding takes seconds
        return options;
    }

    /** All outputs, floating-point ones as FLOAT32, others as INT64. */
    public Map<String, TensorData> run(Map<String, TensorData> inputs) throws OrtException {
        Map<String, OnnxTensor> fed = new HashMap<>();
        Map<String, TensorData> outputs = new LinkedHashMap<>();
        try {
            for (Map.Entry<String, TensorData> input : inputs.entrySet()) {
                fed.put(input.getKey(), OrtTensors.wrap(environment, input.getValue()));
            }
            try (OrtSession.Result result = session.run(fed)) {
                for (Map.Entry<String, OnnxValue> output : result) {
                    outputs.put(output.getKey(), copy((OnnxTensor) output.getValue()));
                }
            }
        } finally {
            fed.values().forEach(OnnxTensor::close);
        }
        return outputs;
    }

    private static TensorData copy(OnnxTensor tensor) {
        DataType type = DataType.valueOf(
                switch (tensor.getInfo().type) {
                    case FLOAT -> "FLOAT32";
                    case DOUBLE -> "FLOAT64";
                    default -> tensor.getInfo().type.name();
                });
        ByteBuffer bytes = tensor.getByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        return TensorData.wrap(type, Shape.of(tensor.getInfo().getShape()), bytes);
    }

    @Override
    public void close() throws OrtException {
        session.close();
    }
}
