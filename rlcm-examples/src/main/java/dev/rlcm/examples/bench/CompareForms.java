package dev.rlcm.examples.bench;

import dev.rlcm.backend.BackendException;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.examples.options.Devices;
import dev.rlcm.graph.TensorData;
import dev.rlcm.onnx.CudaOptions;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.OrtOptions;
import dev.rlcm.precision.Precision;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * What each form and option for CUDA is worth: an update of a UNet with the sizes of Stable Diffusion 1.5, with the default settings
 * and with one of them changed at a time. On a CPU, which has none of them, all rows measure the same.
 */
@Command(
        name = "compare-forms",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Measures an update with forms and options for CUDA on and off.")
public final class CompareForms implements Callable<Integer> {
    private static final String BASE = "default";

    @Option(
            names = "--skeleton",
            paramLabel = "DIR",
            description =
                    "Where model.onnx and fill.json are; weights.bin is written there. Default: ${DEFAULT-VALUE}.")
    private Path skeleton = Path.of("fixtures/sd15-unet-skeleton");

    @Option(names = "--device", description = Devices.NAMES + ". Default: ${DEFAULT-VALUE}.")
    private String device = "cuda";

    @Option(names = "--precision", description = "float32, float16 or bfloat16. Default: ${DEFAULT-VALUE}.")
    private Precision precision = Precision.FLOAT16;

    @Option(names = "--rows", description = "Transitions of a run. Default: ${DEFAULT-VALUE}.")
    private int rows = 8;

    @Option(names = "--rank", description = "Of the adapter, on the attention layers. Default: ${DEFAULT-VALUE}.")
    private int rank = 16;

    @Option(names = "--repeats", description = "Times that each pass is measured. Default: ${DEFAULT-VALUE}.")
    private int repeats = 6;

    @Option(
            names = "--only",
            split = ",",
            paramLabel = "NAME",
            description = "Some of the settings, by the names that the table has. Default: all.")
    private List<String> only = List.of();

    @Option(
            names = "--seconds",
            description = "After so many, what has not begun is left out. Default: ${DEFAULT-VALUE}.")
    private int seconds = 240;

    @Spec
    private CommandSpec spec;

    public static void main(String[] args) {
        Cli.run(new CompareForms(), args);
    }

    /** One measured setting. */
    private record Row(double forwardMillis, double updateMillis, double gigabytes, TensorData output) {}

    @Override
    public Integer call() throws IOException {
        Map<String, CudaOptions> settings = chosen();
        if (rows < 1 || repeats < 1) {
            throw new IllegalArgumentException(
                    "--rows and --repeats must be at least 1, got " + rows + " and " + repeats);
        }
        long start = System.nanoTime();
        PrintWriter out = spec.commandLine().getOut();
        SkeletonWeights weights = SkeletonWeights.of(skeleton);
        weights.write(skeleton);
        SkeletonModel model = new SkeletonModel(skeleton, weights.batch(), precision);
        out.printf("%s, %d row(s), rank %d, %s, %s%n%n", skeleton, rows, rank, device, precision);
        out.printf(
                "%-26s %10s %8s %10s %8s %7s %9s%n",
                "one run, best", "forward ms", "times", "update ms", "times", "GB", "output by");
        List<String> failures = new ArrayList<>();
        @Nullable Row base = null;
        for (Map.Entry<String, CudaOptions> setting : settings.entrySet()) {
            if (base != null && System.nanoTime() - start > seconds * 1_000_000_000L) {
                out.printf("%-26s not measured, after %d s%n", setting.getKey(), seconds);
                continue;
            }
            try {
                Row row = measure(model, setting.getValue());
                base = base == null ? row : base;
                print(out, setting.getKey(), row, base);
            } catch (BackendException e) {
                out.printf("%-26s failed%n", setting.getKey());
                failures.add(setting.getKey() + ": " + e.getMessage());
            }
            out.flush();
        }
        out.println();
        failures.forEach(failure -> out.println("failed: " + failure));
        out.flush();
        return failures.isEmpty() ? 0 : 1;
    }

    private Map<String, CudaOptions> chosen() {
        Map<String, CudaOptions> all = settings();
        for (String name : only) {
            if (!all.containsKey(name)) {
                throw new IllegalArgumentException("--only must be of " + all.keySet() + ", got " + name);
            }
        }
        if (!only.isEmpty()) {
            all.keySet().retainAll(only);
        }
        return all;
    }

    private Row measure(SkeletonModel model, CudaOptions cuda) throws IOException {
        DeviceMemory memory = DeviceMemory.from(Devices.cudaDevice(device));
        OrtBackend backend = Devices.open(device, OrtOptions.defaults(), cuda);
        try (Passes passes = Passes.skeleton(model, rows, rank, backend)) {
            Times forward = new Times();
            Times update = new Times();
            for (int i = 0; i < repeats; i++) {
                forward.add(passes.forward());
                update.add(passes.update());
            }
            double taken = Devices.cudaDevice(device).isPresent() ? memory.growth() : ProcessMemory.peak();
            TensorData output = passes.outputs().values().iterator().next();
            return new Row(forward.shortestMillis(), update.shortestMillis(), taken, output);
        }
    }

    private static void print(PrintWriter out, String name, Row row, Row base) {
        double error = RelativeErrors.of(
                        Map.of(ComparedModel.OUTPUT, base.output), Map.of(ComparedModel.OUTPUT, row.output))
                .summary()
                .get(ComparedModel.OUTPUT);
        out.printf(
                "%-26s %10.2f %8.2f %10.2f %8.2f %7.2f %9.1e%n",
                name,
                row.forwardMillis,
                base.forwardMillis / row.forwardMillis,
                row.updateMillis,
                base.updateMillis / row.updateMillis,
                row.gigabytes,
                error);
    }

    /** What is measured, in the order of the gain that is expected: the default first. */
    static Map<String, CudaOptions> settings() {
        CudaOptions base = CudaOptions.defaults();
        Map<String, CudaOptions> settings = new LinkedHashMap<>();
        settings.put(BASE, base);
        settings.put("no attention", without(base, CudaOptions.Form.ATTENTION));
        settings.put("slices of 2^26", base.withAttentionSlice(1 << 26));
        settings.put("slices of 2^22", base.withAttentionSlice(1 << 22));
        settings.put("channels last", base.withChannelsLast(true));
        settings.put(
                "channels last, group norm",
                with(base, CudaOptions.Form.GROUP_NORM).withChannelsLast(true));
        settings.put("no products", without(base, CudaOptions.Form.PRODUCTS));
        settings.put("exhaustive search", base.withConvolutions(CudaOptions.ConvolutionSearch.EXHAUSTIVE));
        settings.put("group norm", with(base, CudaOptions.Form.GROUP_NORM));
        settings.put("no activations", without(base, CudaOptions.Form.ACTIVATIONS));
        settings.put("skip layer norm", with(base, CudaOptions.Form.SKIP_LAYER_NORM));
        settings.put("little workspace", base.withAmpleWorkspace(false));
        return settings;
    }

    private static CudaOptions with(CudaOptions options, CudaOptions.Form form) {
        Set<CudaOptions.Form> forms = EnumSet.copyOf(options.forms());
        forms.add(form);
        return options.withForms(forms);
    }

    private static CudaOptions without(CudaOptions options, CudaOptions.Form form) {
        Set<CudaOptions.Form> forms = EnumSet.copyOf(options.forms());
        forms.remove(form);
        return options.withForms(forms);
    }
}
