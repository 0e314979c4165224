package dev.rlcm.examples.bench;

import dev.rlcm.examples.models.EmbeddedModel;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.examples.options.Devices;
import dev.rlcm.graph.TensorData;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.OrtOptions;
import dev.rlcm.policy.Rollout;
import dev.rlcm.precision.Precision;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Whether a device computes what a CPU computes in FLOAT32: outputs, log-probabilities, loss and gradients on the same inputs, and
 * a short training with the same seed, for each precision. On the CPU itself, 16-bit types are compared as a device would
 * round them. The exit code is 1 if an error is above its bound.
 */
@Command(
        name = "compare-devices",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Compares what a device computes with what a CPU computes in FLOAT32.")
public final class CompareDevices implements Callable<Integer> {
    @Option(
            names = "--model",
            paramLabel = "DIR",
            description = "Model directory, as Optimum exports it, or a network without weights such as"
                    + " fixtures/sd15-unet-skeleton. Default: the embedded emoji model.")
    private @Nullable Path model;

    @Option(names = "--device", description = Devices.NAMES + ". Default: ${DEFAULT-VALUE}.")
    private String device = "cuda";

    @Option(
            names = "--variants",
            split = ",",
            paramLabel = "NAME",
            description = "${COMPLETION-CANDIDATES}; TF32 is for CUDA only. Default: all.")
    private List<Variant> variants = List.of(Variant.values());

    @Option(
            names = "--bound",
            paramLabel = "VARIANT=X",
            description =
                    "Another bound on relative L2 errors, as for networks that amplify rounding. Default: FLOAT32=1e-4,"
                            + " TF32=2e-2, FLOAT16=2e-2, BFLOAT16=1e-1.")
    private Map<Variant, Double> bounds = new LinkedHashMap<>();

    @Option(names = "--rows", description = "Transitions of a run. Default: ${DEFAULT-VALUE}.")
    private int rows = 2;

    @Option(names = "--rank", description = "Of the adapter, on the attention layers. Default: ${DEFAULT-VALUE}.")
    private int rank = 8;

    @Option(
            names = "--epochs",
            description = "Of a training on each device; none for networks without weights. Default: ${DEFAULT-VALUE}.")
    private int epochs = 3;

    @Option(names = "--all", description = "List every gradient, not only the worst.")
    private boolean all;

    @Mixin
    private CudaSettings cuda = new CudaSettings();

    @Option(names = "--threads", description = "Threads of ONNX Runtime. Default: all cores.")
    private int threads = OrtOptions.defaults().threads();

    @Spec
    private CommandSpec spec;

    public static void main(String[] args) {
        Cli.run(new CompareDevices(), args);
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (rows < 1 || epochs < 0) {
            throw new IllegalArgumentException(
                    "--rows must be at least 1 and --epochs not negative, got " + rows + " and " + epochs);
        }
        PrintWriter out = spec.commandLine().getOut();
        boolean onCpu = Devices.cudaDevice(device).isEmpty();
        List<Variant> compared =
                variants.stream().filter(v -> !onCpu || v != Variant.TF32).toList();
        ComparedModel subject = new ComparedModel(directory(), rows, rank);
        out.printf("%s, %d row(s), rank %d: %s against cpu in FLOAT32%n%n", name(), rows, rank, device);
        Rollout rollout;
        Map<String, TensorData> expected;
        try (OrtBackend cpu = OrtBackend.cpu(OrtOptions.defaults().withThreads(threads))) {
            rollout = subject.rollout(cpu);
            expected = subject.compute(cpu, Precision.FLOAT32, rollout);
        }
        Map<Variant, RelativeErrors> errors = new LinkedHashMap<>();
        for (Variant variant : compared) {
            try (OrtBackend backend = open(variant)) {
                errors.put(variant, RelativeErrors.of(expected, subject.compute(backend, variant.precision, rollout)));
            }
        }
        Map<Variant, Double> allowed = new EnumMap<>(Variant.class);
        compared.forEach(variant -> allowed.put(variant, bounds.getOrDefault(variant, variant.bound)));
        ErrorTable.print(out, errors, allowed, all);
        List<String> failures = failures(errors, allowed);
        if (!subject.isSkeleton() && epochs > 0) {
            train(out, compared);
        }
        failures.forEach(failure -> out.println("failed: " + failure));
        if (failures.isEmpty()) {
            out.println("passed");
        }
        out.flush();
        return failures.isEmpty() ? 0 : 1;
    }

    private static List<String> failures(Map<Variant, RelativeErrors> errors, Map<Variant, Double> allowed) {
        List<String> failures = new ArrayList<>();
        errors.forEach((variant, of) -> {
            double bound = allowed.getOrDefault(variant, variant.bound);
            of.summary().forEach((what, error) -> {
                if (!(error <= bound)) {
                    failures.add(String.format("%s of %s is off by %.1e, more than %.1e", what, variant, error, bound));
                }
            });
        });
        return failures;
    }

    private void train(PrintWriter out, List<Variant> compared) throws IOException, InterruptedException {
        ShortTraining training = new ShortTraining(directory(), epochs);
        Map<String, ShortTraining.Course> courses = new LinkedHashMap<>();
        try (OrtBackend cpu = OrtBackend.cpu(OrtOptions.defaults().withThreads(threads))) {
            courses.put("cpu", training.run(cpu, Precision.FLOAT32));
        }
        for (Variant variant : compared) {
            try (OrtBackend backend = open(variant)) {
                courses.put(variant.toString(), training.run(backend, variant.precision));
            }
        }
        ShortTraining.print(out, courses);
    }

    private OrtBackend open(Variant variant) {
        OrtOptions options = OrtOptions.defaults().withThreads(threads);
        if (Devices.cudaDevice(device).isEmpty() && variant.precision != Precision.FLOAT32) {
            return OrtBackend.emulatingHalf(options);
        }
        return Devices.open(device, options, cuda.toCudaOptions().withTf32(variant == Variant.TF32));
    }

    private Path directory() {
        return model != null ? model : EmbeddedModel.emojiLcm();
    }

    private String name() {
        return model != null ? model.toString() : "emoji-lcm (embedded)";
    }
}
