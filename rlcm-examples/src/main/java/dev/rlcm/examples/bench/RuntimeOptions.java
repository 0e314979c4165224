package dev.rlcm.examples.bench;

import dev.rlcm.backend.ConvolutionForms;
import dev.rlcm.examples.options.Devices;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.OrtOptions;
import dev.rlcm.precision.Precision;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Where and how the benchmarks run ONNX Runtime. */
final class RuntimeOptions {
    static final String CONVOLUTIONS = "--convolutions";

    @Option(names = "--device", description = Devices.NAMES + ". Default: ${DEFAULT-VALUE}.")
    private String device = "cpu";

    @Option(
            names = "--precision",
            paramLabel = "TYPE",
            description =
                    "What the network is computed in: float32, float16 or bfloat16; on a CPU the 16-bit types save"
                            + " nothing. Default: the type of its weights.")
    private @Nullable Precision precision;

    @Option(names = "--tf32", description = "On CUDA: FLOAT32 products may round their operands to 11 bits.")
    private boolean tf32;

    @Mixin
    private CudaSettings cuda = new CudaSettings();

    @Option(names = "--threads", description = "Threads of ONNX Runtime. Default: all cores.")
    private int threads = OrtOptions.defaults().threads();

    @Option(
            names = "--spinning",
            paramLabel = "MICROSECONDS",
            description = "How long waiting threads keep their core busy. Default: ${DEFAULT-VALUE}.")
    private long spinning = OrtOptions.defaults().spinning().toNanos() / 1000;

    @Option(
            names = CONVOLUTIONS,
            split = ",",
            paramLabel = "FORMS",
            description = "On a CPU: direct, by_cost or filtered, a process each. Default: ${DEFAULT-VALUE}.")
    private List<ConvolutionForms> convolutions = List.of(OrtOptions.defaults().convolutions());

    @Option(names = "--profile", paramLabel = "PREFIX", description = "Writes ONNX Runtime's profiles there.")
    private String profile = "";

    String device() {
        return device;
    }

    /** The number of the CUDA device, or nothing for the CPU. */
    OptionalInt cudaDevice() {
        return Devices.cudaDevice(device);
    }

    /** What the network is computed in, unless that is the type of its weights. */
    Optional<Precision> precision() {
        return Optional.ofNullable(precision);
    }

    /** For tables; TF32 is said where it is on. */
    String precisionName(Precision ofWeights) {
        Precision computed = precision().orElse(ofWeights);
        return tf32 && computed == Precision.FLOAT32
                ? "tf32"
                : computed.toString().toLowerCase(Locale.ROOT);
    }

    int threads() {
        return threads;
    }

    /** Those to measure; the first is that of {@link #toOrtOptions}. */
    List<ConvolutionForms> convolutions() {
        return convolutions;
    }

    OrtOptions toOrtOptions() {
        return OrtOptions.defaults()
                .withThreads(threads)
                .withConvolutions(convolutions.get(0))
                .withSpinning(Duration.of(spinning, ChronoUnit.MICROS))
                .withProfilePrefix(profile);
    }

    OrtBackend open(OrtOptions options) {
        return Devices.open(device, options, cuda.toCudaOptions().withTf32(tf32));
    }
}
