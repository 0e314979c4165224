package dev.rlcm.onnx;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.providers.OrtCUDAProviderOptions;
import dev.rlcm.backend.AttentionForms;
import dev.rlcm.backend.Backend;
import dev.rlcm.backend.BackendException;
import dev.rlcm.backend.Closing;
import dev.rlcm.backend.ConvolutionForms;
import dev.rlcm.backend.DerivedWeights;
import dev.rlcm.backend.Executable;
import dev.rlcm.backend.MemoryPolicy;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import dev.rlcm.onnx.exporter.Dialect;
import dev.rlcm.onnx.exporter.OnnxExporter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Runs graphs with ONNX Runtime, on the CPU or a CUDA device. Uses the weights of large models where they lie and copies
 * small ones; inputs and outputs live in the caller's tensors. Thread-safe. Owns its executables: closing the backend closes
 * them all, and is idempotent.
 */
public final class OrtBackend implements Backend {
    private static final String CUDA_REMEDY =
            "for CUDA 12, replace the dependency com.microsoft.onnxruntime:onnxruntime by"
                    + " com.microsoft.onnxruntime:onnxruntime_gpu of the same version; for CUDA 13, let -Donnxruntime.native.path"
                    + " name a folder with the libraries of org.bytedeco:onnxruntime, classifier linux-x86_64-gpu, as the README"
                    + " says under CUDA; have the libraries of that CUDA and of cuDNN 9 on the library path (LD_LIBRARY_PATH)";

    /** One per process, by ONNX Runtime's design; made at first use and never closed. */
    private static final class SharedEnvironment {
        private static final OrtEnvironment INSTANCE =
                OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR, "rlcm");
    }

    private final OrtEnvironment environment = SharedEnvironment.INSTANCE;
    private final OrtOptions options;
    private final OptionalInt cudaDevice;
    private final CudaOptions cuda;
    private final HalfSupport half;
    private final DerivedWeights derivedWeights = new DerivedWeights();
    private final TrafficCounter traffic = new TrafficCounter();
    private final Set<Executable> executables = new LinkedHashSet<>();
    private boolean closed;

    private OrtBackend(OrtOptions options, OptionalInt cudaDevice, CudaOptions cuda, HalfSupport.Provider provider) {
        this.options = options;
        this.cudaDevice = cudaDevice;
        this.cuda = cuda;
        this.half = new HalfSupport(provider);
    }

    /** Runs on the CPU with all cores. */
    public static OrtBackend cpu() {
        return cpu(OrtOptions.defaults());
    }

    /** Runs on the CPU with the given number of threads. */
    public static OrtBackend cpu(int threads) {
        return cpu(OrtOptions.defaults().withThreads(threads));
    }

    /** Runs on the CPU. 16-bit numbers are stored as such and computed with in FLOAT32. */
    public static OrtBackend cpu(OrtOptions options) {
        return new OrtBackend(options, OptionalInt.empty(), CudaOptions.defaults(), HalfSupport.Provider.CPU);
    }

    /**
     * On the CPU, rounding the result of every 16-bit operator to its type: slow, but it shows without a GPU what half
     * precision does to a model.
     */
    public static OrtBackend emulatingHalf(OrtOptions options) {
        return new OrtBackend(options, OptionalInt.empty(), CudaOptions.defaults(), HalfSupport.Provider.CPU_ROUNDING);
    }

    /**
     * On a CUDA device; operators without a CUDA kernel run on the CPU.
     *
     * @param device the device's number, from 0
     * @throws BackendException if CUDA cannot be used; the message says which artifact and libraries are needed
     */
    public static OrtBackend cuda(int device) {
        return cuda(device, OrtOptions.defaults());
    }

    /** As {@link #cuda(int)}, with options. */
    public static OrtBackend cuda(int device, OrtOptions options) {
        return cuda(device, options, CudaOptions.defaults());
    }

    /** As {@link #cuda(int)}, with options. */
    public static OrtBackend cuda(int device, OrtOptions options, CudaOptions cuda) {
        if (device < 0) {
            throw new IllegalArgumentException("device must not be negative, got " + device);
        }
        OrtBackend backend = new OrtBackend(options, OptionalInt.of(device), cuda, HalfSupport.Provider.CUDA);
        try {
            backend.sessionOptions(false).close();
        } catch (OrtException e) {
            throw new BackendException(
                    "CUDA device " + device + " cannot be used (" + e.getMessage() + "): " + CUDA_REMEDY, e);
        }
        return backend;
    }

    @Override
    public Executable compile(Graph graph) {
        synchronized (executables) {
            if (closed) {
                throw closedException();
            }
        }
        Graph prepared = half.prepare(graph);
        SessionWeights weights = new SessionWeights(prepared, options.memory(), cudaDevice.isEmpty());
        ModelProto model =
                OnnxExporter.export(prepared, weights, cudaDevice.isEmpty() ? Dialect.RUNTIME_CPU : cuda.dialect());
        List<OnnxTensor> handles = new ArrayList<>();
        OrtExecutable executable;
        try (OrtSession.SessionOptions settings = sessionOptions(weights.feeds())) {
            Map<String, OnnxTensor> shared = wrapped(weights.shared(), handles);
            if (!shared.isEmpty()) {
                settings.addExternalInitializers(new LinkedHashMap<>(shared));
            }
            Map<String, OnnxTensor> fed = wrapped(weights.fed(), handles);
            OrtSession session = environment.createSession(model.toByteArray(), settings);
            executable = new OrtExecutable(graph, environment, session, weights, fed, handles, traffic, this::forget);
        } catch (OrtException | RuntimeException e) {
            handles.forEach(OnnxTensor::close);
            throw new BackendException("ONNX Runtime cannot compile the graph: " + e.getMessage(), e);
        }
        return owned(executable);
    }

    /**
     * Opens a network that only runs forward as its file is: of any opset, with any operators that ONNX Runtime knows, for
     * inputs of any shape that it takes, which may change from run to run.
     *
     * @param model the {@code .onnx} file
     * @return takes and gives tensors by the file's names
     * @throws BackendException if the file is missing or ONNX Runtime cannot run it
     */
    public Executable open(Path model) {
        return opened(settings -> environment.createSession(model.toString(), settings), model.toString());
    }

    /**
     * As {@link #open(Path)}, from memory.
     *
     * @param model the content of an {@code .onnx} file with its weights in it; copied
     */
    public Executable open(byte[] model) {
        return opened(settings -> environment.createSession(model, settings), "the model in memory");
    }

    /** Makes a session. */
    @FunctionalInterface
    private interface Sessions {
        OrtSession create(OrtSession.SessionOptions settings) throws OrtException;
    }

    private Executable opened(Sessions sessions, String name) {
        try (OrtSession.SessionOptions settings = sessionOptions(false)) {
            return owned(new OrtNetwork(environment, sessions.create(settings), traffic, this::forget));
        } catch (OrtException e) {
            throw new BackendException("ONNX Runtime cannot run " + name + ": " + e.getMessage(), e);
        }
    }

    /** The executable, which is closed with this backend from now on, or right away if this is closed already. */
    private Executable owned(Executable executable) {
        synchronized (executables) {
            if (!closed) {
                executables.add(executable);
                return executable;
            }
        }
        executable.close();
        throw closedException();
    }

    private static IllegalStateException closedException() {
        return new IllegalStateException("this backend is closed; make a new one");
    }

    private Map<String, OnnxTensor> wrapped(Map<String, TensorData> tensors, List<OnnxTensor> handles)
            throws OrtException {
        Map<String, OnnxTensor> wrapped = new LinkedHashMap<>();
        for (Map.Entry<String, TensorData> tensor : tensors.entrySet()) {
            OnnxTensor handle = OrtTensors.wrap(environment, tensor.getValue());
            handles.add(handle);
            wrapped.put(tensor.getKey(), handle);
        }
        return wrapped;
    }

    @Override
    public MemoryPolicy memoryPolicy() {
        return options.memory();
    }

    @Override
    public ConvolutionForms convolutionForms() {
        return cudaDevice.isPresent() ? ConvolutionForms.DIRECT : options.convolutions();
    }

    @Override
    public DerivedWeights derivedWeights() {
        return derivedWeights;
    }

    @Override
    public AttentionForms attentionForms() {
        return cudaDevice.isPresent() ? cuda.attentionForms() : AttentionForms.defaults();
    }

    /** What the runs of all executables of this backend were given and gave back so far. */
    public Traffic traffic() {
        return traffic.total();
    }

    private OrtSession.SessionOptions sessionOptions(boolean weightsFed) throws OrtException {
        OrtSession.SessionOptions settings = new OrtSession.SessionOptions();
        try {
            settings.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);
            settings.setIntraOpNumThreads(options.threads());
            settings.setInterOpNumThreads(1);
            settings.setOptimizationLevel(level(options.optimization(), weightsFed));
            // A pattern's one block would come on top of what the first run took from the arena piece by piece.
            settings.setMemoryPatternOptimization(false);
            settings.setCPUArenaAllocator(options.memoryArena());
            setSpinning(settings);
            if (!options.prepacking()) {
                settings.addConfigEntry("session.disable_prepacking", "1");
            }
            if (!options.profilePrefix().isEmpty()) {
                settings.enableProfiling(options.profilePrefix());
            }
            if (cudaDevice.isPresent()) {
                try (OrtCUDAProviderOptions provider = new OrtCUDAProviderOptions(cudaDevice.getAsInt())) {
                    for (Map.Entry<String, String> entry : cuda.toProvider().entrySet()) {
                        provider.add(entry.getKey(), entry.getValue());
                    }
                    settings.addCUDA(provider);
                }
            }
            return settings;
        } catch (OrtException e) {
            settings.close();
            throw e;
        }
    }

    private void setSpinning(OrtSession.SessionOptions settings) throws OrtException {
        long micros = options.spinning().toNanos() / 1000;
        settings.addConfigEntry("session.intra_op.allow_spinning", micros > 0 ? "1" : "0");
        if (micros > 0) {
            settings.addConfigEntry("session.intra_op.spin_duration_us", Long.toString(micros));
        }
    }

    private static OrtSession.SessionOptions.OptLevel level(OrtOptions.Optimization optimization, boolean weightsFed) {
        return switch (optimization) {
            case NONE -> OrtSession.SessionOptions.OptLevel.NO_OPT;
            case BASIC -> OrtSession.SessionOptions.OptLevel.BASIC_OPT;
            case EXTENDED -> OrtSession.SessionOptions.OptLevel.EXTENDED_OPT;
            case ALL -> weightsFed
                    ? OrtSession.SessionOptions.OptLevel.EXTENDED_OPT
                    : OrtSession.SessionOptions.OptLevel.ALL_OPT;
        };
    }

    private void forget(Executable executable) {
        synchronized (executables) {
            executables.remove(executable);
        }
    }

    @Override
    public void close() {
        List<Executable> open;
        synchronized (executables) {
            closed = true;
            open = List.copyOf(executables);
        }
        Closing.all(open.stream().<Runnable>map(executable -> executable::close).toList());
    }
}
