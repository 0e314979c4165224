package dev.rlcm.onnx;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import dev.rlcm.backend.BackendException;
import dev.rlcm.backend.Executable;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;

/** A session of a model as its file is, with whatever shapes it takes. */
final class OrtNetwork implements Executable {
    private final OrtEnvironment environment;
    private final OrtSession session;
    private final TrafficCounter traffic;
    private final Runnable onClose;
    private final ReadWriteLock lock = new ReentrantReadWriteLock();
    private boolean closed;

    OrtNetwork(OrtEnvironment environment, OrtSession session, TrafficCounter traffic, Consumer<OrtNetwork> onClose) {
        this.environment = environment;
        this.session = session;
        this.traffic = traffic;
        this.onClose = () -> onClose.accept(this);
    }

    @Override
    public Map<String, TensorData> run(Map<String, TensorData> inputs) {
        return locked(() -> {
            List<OnnxTensor> handles = new ArrayList<>();
            try (OrtSession.Result results = session.run(fed(inputs, handles))) {
                Map<String, OnnxTensor> tensors = new LinkedHashMap<>();
                for (Map.Entry<String, OnnxValue> result : results) {
                    tensors.put(result.getKey(), tensor(result.getKey(), result.getValue()));
                }
                traffic.count(handles, tensors.values());
                Map<String, TensorData> outputs = new LinkedHashMap<>();
                tensors.forEach((name, tensor) -> outputs.put(name, copy(tensor)));
                return outputs;
            } finally {
                handles.forEach(OnnxTensor::close);
            }
        });
    }

    @Override
    public void run(Map<String, TensorData> inputs, Map<String, TensorData> outputs) {
        locked(() -> {
            List<OnnxTensor> handles = new ArrayList<>();
            try {
                Map<String, OnnxTensor> pinned = new HashMap<>();
                for (Map.Entry<String, TensorData> output : outputs.entrySet()) {
                    pinned.put(output.getKey(), handle(output.getValue(), handles));
                }
                Map<String, OnnxTensor> fed = fed(inputs, handles);
                session.run(fed, pinned).close();
                traffic.count(fed.values(), pinned.values());
                return outputs;
            } finally {
                handles.forEach(OnnxTensor::close);
            }
        });
    }

    private Map<String, OnnxTensor> fed(Map<String, TensorData> inputs, List<OnnxTensor> handles) throws OrtException {
        if (!inputs.keySet().equals(session.getInputNames())) {
            throw new IllegalArgumentException(
                    "the inputs must be " + session.getInputNames() + ", got " + inputs.keySet());
        }
        Map<String, OnnxTensor> fed = new HashMap<>();
        for (Map.Entry<String, TensorData> input : inputs.entrySet()) {
            fed.put(input.getKey(), handle(input.getValue(), handles));
        }
        return fed;
    }

    private OnnxTensor handle(TensorData data, List<OnnxTensor> handles) throws OrtException {
        OnnxTensor handle = OrtTensors.wrap(environment, data);
        handles.add(handle);
        return handle;
    }

    private static OnnxTensor tensor(String name, OnnxValue value) {
        if (value instanceof OnnxTensor tensor) {
            return tensor;
        }
        throw new BackendException("output " + name + " is no tensor; cut the model before it");
    }

    private static TensorData copy(OnnxTensor tensor) {
        TensorInfo info = tensor.getInfo();
        TensorData copy = TensorData.zeros(OrtTensors.fromJava(info.type), Shape.of(info.getShape()));
        copy.bytes().put(tensor.getByteBuffer());
        return copy;
    }

    /** What may fail in ONNX Runtime. */
    @FunctionalInterface
    private interface Computation {
        Map<String, TensorData> run() throws OrtException;
    }

    private Map<String, TensorData> locked(Computation computation) {
        lock.readLock().lock();
        try {
            if (closed) {
                throw new IllegalStateException("this network is closed; open its file again");
            }
            return computation.run();
        } catch (OrtException e) {
            throw new BackendException("ONNX Runtime failed: " + e.getMessage(), e);
        } finally {
            lock.readLock().unlock();
        }
    }

    @Override
    public void close() {
        lock.writeLock().lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            session.close();
        } catch (OrtException e) {
            throw new BackendException("ONNX Runtime could not close a session: " + e.getMessage(), e);
        } finally {
            lock.writeLock().unlock();
            onClose.run();
        }
    }
}
