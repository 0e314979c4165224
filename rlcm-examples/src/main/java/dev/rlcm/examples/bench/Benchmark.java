package dev.rlcm.examples.bench;

import dev.rlcm.examples.models.EmbeddedModel;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.precision.Precision;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Prints what sampling and training cost: a forward pass, an update step and their ratio, pictures per second, and how
 * much of an epoch is spent outside the network's runtime. On a machine that others use too, compare ratios.
 */
@Command(
        name = "benchmark",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Measures sampling and training of a latent consistency model.")
public final class Benchmark implements Callable<Integer> {
    private static final int[] HORIZONS = {1, 2, 4, 8};

    @Option(
            names = "--model",
            paramLabel = "DIR",
            description = "Model directory, as Optimum exports it. Default: the embedded emoji model.")
    private @Nullable Path model;

    @Option(
            names = {"--rows", "--batch"},
            split = ",",
            paramLabel = "N",
            description = "Rows of a run, for one benchmark each. Default: ${DEFAULT-VALUE}.")
    private List<Integer> rows = List.of(16);

    @Option(names = "--repeats", description = "Times that each step is measured. Default: ${DEFAULT-VALUE}.")
    private int repeats = 12;

    @Option(names = "--results", paramLabel = "FILE", description = "A CSV file to append the steps' results to.")
    private @Nullable Path results;

    @Mixin
    private RuntimeOptions runtime = new RuntimeOptions();

    @Spec
    private CommandSpec spec;

    public static void main(String[] args) {
        Cli.run(new Benchmark(), args);
    }

    @Override
    public Integer call() throws Exception {
        if (repeats < 1 || rows.stream().anyMatch(n -> n < 1)) {
            throw new IllegalArgumentException(
                    "--rows and --repeats must be at least 1, got " + rows + " and " + repeats);
        }
        if (runtime.convolutions().size() > 1) {
            List<String> args = spec.commandLine().getParseResult().originalArgs();
            return ProcessEach.of(Benchmark.class, args, RuntimeOptions.CONVOLUTIONS, runtime.convolutions());
        }
        boolean onCpu = runtime.cudaDevice().isEmpty();
        if (onCpu && runtime.precision().equals(Optional.of(Precision.BFLOAT16))) {
            throw new IllegalArgumentException("ONNX Runtime alone has no bfloat16 kernels on a CPU to compare with;"
                    + " choose another --precision or --device");
        }
        for (int batch : rows) {
            measure(spec.commandLine().getOut(), batch);
        }
        return 0;
    }

    private void measure(PrintWriter out, int batch) throws IOException, InterruptedException {
        Measurements measurements =
                new Measurements(model != null ? model : EmbeddedModel.emojiLcm(), runtime, batch, repeats);
        String name = model != null ? model.toString() : "emoji-lcm (embedded)";
        String precision = runtime.precisionName(Precision.FLOAT32);
        out.printf(
                "%s, %d rows, %s, %s, convolutions %s, %d thread(s), %d repeats%n%n",
                name,
                batch,
                runtime.device(),
                precision,
                runtime.toOrtOptions().convolutions(),
                runtime.threads(),
                repeats);
        Measurements.Steps steps = measurements.steps();
        double gigabytes = runtime.cudaDevice().isEmpty() ? ProcessMemory.peak() : steps.deviceGigabytes();
        printSteps(out, steps);
        out.printf("  %-27s %8s %11.2f GB%n", "memory", "", gigabytes);
        CopyTable.print(out, steps.forward().traffic(), steps.update().traffic(), steps.factors());
        if (results != null) {
            ResultsCsv.append(
                    results,
                    new ResultsCsv.Row(
                            model != null ? String.valueOf(model.getFileName()) : "emoji-lcm",
                            runtime.device(),
                            precision,
                            batch,
                            steps.forward().times(),
                            steps.update().times(),
                            gigabytes));
        }
        out.printf("%n%-29s %8s %14s %14s%n", "sampling and decoding", "", "best", "median");
        for (int horizon : HORIZONS) {
            Times times = measurements.rollouts(horizon);
            out.printf(
                    "  H = %-22d %8s %10.1f / s %10.1f / s%n",
                    horizon, "", 1000 * batch / times.shortestMillis(), 1000 * batch / times.medianMillis());
            out.flush();
        }
        printEpochs(out, measurements.epochs());
        out.println();
        out.flush();
    }

    private static void printSteps(PrintWriter out, Measurements.Steps steps) {
        Times plain = steps.plain();
        Times forward = steps.forward().times();
        Times update = steps.update().times();
        out.printf("%-29s %8s %14s %14s%n", "one run", "nodes", "best", "median");
        out.printf(
                "  %-27s %8s %11.1f ms %11.1f ms%n",
                "forward, ONNX Runtime alone", "", plain.shortestMillis(), plain.medianMillis());
        out.printf(
                "  %-27s %8d %11.1f ms %11.1f ms%n",
                "forward, as sampled", steps.forward().nodes(), forward.shortestMillis(), forward.medianMillis());
        out.printf(
                "  %-27s %8d %11.1f ms %11.1f ms%n",
                "update: forward + backward", steps.update().nodes(), update.shortestMillis(), update.medianMillis());
        printRatio(out, "update / ONNX Runtime alone", update, plain);
        printRatio(out, "update / forward as sampled", update, forward);
        out.flush();
    }

    private static void printRatio(PrintWriter out, String name, Times times, Times unit) {
        out.printf(
                "  %-27s %8s %14.2f %14.2f%n",
                name, "", times.shortestMillis() / unit.shortestMillis(), times.medianMillis() / unit.medianMillis());
    }

    private static void printEpochs(PrintWriter out, List<Measurements.Epoch> epochs) {
        Measurements.Epoch median = epochs.stream()
                .sorted(Comparator.comparing(Measurements.Epoch::outsideShare))
                .toList()
                .get(epochs.size() / 2);
        out.printf("%n%-29s%n", "an epoch of the training command (32 pictures, H = 4, JPEG reward)");
        out.printf("  %-27s %8s %12.2f s%n", "duration", "", median.nanos() * 1e-9);
        out.printf("  %-27s %8s %12.1f %%%n", "outside ONNX Runtime", "", 100 * median.outsideShare());
        out.flush();
    }
}
