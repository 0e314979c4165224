package dev.rlcm.onnx;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.rlcm.backend.BackendException;
import dev.rlcm.backend.Executable;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.TensorType;
import dev.rlcm.graph.Value;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;

/** A session and what it refers to: the weights it was given without copying and the handles of reused tensors. */
final class OrtExecutable implements Executable {
    private static final int NAMES_SHOWN = 8;

    private final Map<String, TensorType> inputTypes = new LinkedHashMap<>();
    private final Map<String, TensorType> outputTypes = new LinkedHashMap<>();
    /** Outputs that are the inputs of the same name: ONNX Runtime leaves their pinned tensors as they are. */
    private final List<String> passedThrough = new ArrayList<>();

    private final OrtSession session;
    private final SessionWeights weights;
    private final Map<String, OnnxTensor> fedWeights;
    private final List<OnnxTensor> weightHandles;
    private final TensorCache cache;
    private final TrafficCounter traffic;
    private final Runnable onClose;
    private final ReadWriteLock lock = new ReentrantReadWriteLock();
    private boolean closed;

    OrtExecutable(
            Graph graph,
            OrtEnvironment environment,
            OrtSession session,
            SessionWeights weights,
            Map<String, OnnxTensor> fedWeights,
            List<OnnxTensor> weightHandles,
            TrafficCounter traffic,
            Consumer<OrtExecutable> onClose) {
        for (Value input : graph.inputs()) {
            inputTypes.put(input.label(), new TensorType(input.type(), input.shape()));
        }
        graph.outputs().forEach((name, v) -> {
            outputTypes.put(name, new TensorType(v.type(), v.shape()));
            if (v.is(Op.INPUT) && v.label().equals(name)) {
                passedThrough.add(name);
            }
        });
        this.session = session;
        this.weights = weights;
        this.fedWeights = fedWeights;
        this.weightHandles = weightHandles;
        this.cache = new TensorCache(environment);
        this.traffic = traffic;
        this.onClose = () -> onClose.accept(this);
    }

    @Override
    public Map<String, TensorData> run(Map<String, TensorData> inputs) {
        Map<String, TensorData> outputs = new LinkedHashMap<>();
        outputTypes.forEach((name, type) -> outputs.put(name, TensorData.zeros(type.type(), type.shape())));
        run(inputs, outputs);
        return outputs;
    }

    @Override
    public void run(Map<String, TensorData> inputs, Map<String, TensorData> outputs) {
        check("input", inputs, inputTypes);
        check("output", outputs, outputTypes);
        lock.readLock().lock();
        try {
            if (closed) {
                throw new IllegalStateException("this executable is closed; compile the graph again");
            }
            List<OnnxTensor> temporary = new ArrayList<>();
            try {
                Map<String, OnnxTensor> fed = new HashMap<>();
                for (String name : session.getInputNames()) {
                    if (!fedWeights.containsKey(name)) {
                        fed.put(name, cache.handle(given(inputs, name), temporary));
                    }
                }
                Map<String, OnnxTensor> pinned = new HashMap<>();
                for (Map.Entry<String, TensorData> output : outputs.entrySet()) {
                    pinned.put(output.getKey(), cache.handle(output.getValue(), temporary));
                }
                Map<String, OnnxTensor> all = new HashMap<>(fedWeights);
                all.putAll(fed);
                session.run(all, pinned).close();
                for (String name : passedThrough) {
                    given(outputs, name).bytes().put(given(inputs, name).bytes());
                }
                traffic.count(fed.values(), pinned.values());
            } catch (OrtException e) {
                throw new BackendException("ONNX Runtime failed: " + e.getMessage(), e);
            } finally {
                temporary.forEach(OnnxTensor::close);
            }
        } finally {
            lock.readLock().unlock();
            Reference.reachabilityFence(inputs);
            Reference.reachabilityFence(outputs);
            Reference.reachabilityFence(weights);
        }
    }

    private static TensorData given(Map<String, TensorData> tensors, String name) {
        TensorData data = tensors.get(name);
        if (data == null) {
            throw new IllegalArgumentException("no tensor named " + name + "; given were " + tensors.keySet());
        }
        return data;
    }

    private static String difference(String title, Set<String> names, Set<String> others) {
        List<String> rest =
                names.stream().filter(name -> !others.contains(name)).toList();
        String more = rest.size() > NAMES_SHOWN ? " and " + (rest.size() - NAMES_SHOWN) + " more" : "";
        return rest.isEmpty() ? "" : "; " + title + " " + rest.subList(0, Math.min(rest.size(), NAMES_SHOWN)) + more;
    }

    private static void check(String kind, Map<String, TensorData> given, Map<String, TensorType> expected) {
        if (!given.keySet().equals(expected.keySet())) {
            throw new IllegalArgumentException("the " + kind + "s must be those of the graph"
                    + difference("missing are", expected.keySet(), given.keySet())
                    + difference("unknown are", given.keySet(), expected.keySet()));
        }
        expected.forEach((name, type) -> {
            TensorData data = given(given, name);
            if (data.type() != type.type() || !data.shape().equals(type.shape())) {
                throw new IllegalArgumentException(kind + " " + name + " must be " + type + ", got " + data);
            }
        });
    }

    @Override
    public void close() {
        lock.writeLock().lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            cache.close();
            try {
                session.close();
            } finally {
                weightHandles.forEach(OnnxTensor::close);
            }
        } catch (OrtException e) {
            throw new BackendException("ONNX Runtime could not close a session: " + e.getMessage(), e);
        } finally {
            lock.writeLock().unlock();
            onClose.run();
        }
    }
}
