package dev.rlcm.examples.bench;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import dev.rlcm.onnx.OnnxModels;
import dev.rlcm.onnx.OrtOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * A graph as a file of standard ONNX operators, run by ONNX Runtime with all its own optimisations: what there is to
 * compare with. Threads and their spinning are as in other runs, which idle threads would disturb.
 */
final class PlainRuntime implements AutoCloseable {
    private final OrtSession session;
    private final Map<String, OnnxTensor> inputs = new HashMap<>();

    PlainRuntime(Graph graph, Map<String, TensorData> feeds, RuntimeOptions runtime) throws IOException {
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        OrtOptions settings = runtime.toOrtOptions();
        Path directory = Files.createTempDirectory("rlcm-plain-");
        Path file = directory.resolve("model.onnx");
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(settings.threads());
            options.addConfigEntry(
                    "session.intra_op.spin_duration_us",
                    Long.toString(settings.spinning().toNanos() / 1000));
            OptionalInt device = runtime.cudaDevice();
            if (device.isPresent()) {
                options.addCUDA(device.getAsInt());
            }
            OnnxModels.savePortable(graph, file);
            this.session = environment.createSession(file.toString(), options);
            for (Map.Entry<String, TensorData> feed : feeds.entrySet()) {
                TensorData tensor = feed.getValue();
                long[] shape = tensor.shape().toLongs();
                inputs.put(feed.getKey(), OnnxTensor.createTensor(environment, tensor.floats(), shape));
            }
        } catch (OrtException e) {
            throw new IllegalStateException("ONNX Runtime refuses the exported graph: " + e.getMessage(), e);
        } finally {
            // Weights of large graphs are a file of their own.
            for (Path written : List.of(file, directory.resolve("model.onnx.data"), directory)) {
                Files.deleteIfExists(written);
            }
        }
    }

    /** Runs it once; returns how long that took. */
    long runNanos() {
        long start = System.nanoTime();
        try {
            OrtSession.Result result = session.run(inputs);
            long nanos = System.nanoTime() - start;
            result.close();
            return nanos;
        } catch (OrtException e) {
            throw new IllegalStateException("ONNX Runtime cannot run the exported graph: " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        inputs.values().forEach(OnnxTensor::close);
        try {
            session.close();
        } catch (OrtException e) {
            throw new IllegalStateException("cannot close the session: " + e.getMessage(), e);
        }
    }
}
