package dev.rlcm.examples.bench;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.MemoryPolicy;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.graph.TensorData;
import dev.rlcm.io.Npy;
import dev.rlcm.lora.AdaptedGraph;
import dev.rlcm.lora.LoraAdapter;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.lora.LoraInjection;
import dev.rlcm.mdp.LatentConsistencySchedule;
import dev.rlcm.onnx.OrtOptions;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.ppo.PpoConfig;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.precision.Precision;
import dev.rlcm.random.RandomStreams;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
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
 * What it costs to train the UNet of Stable Diffusion 1.5: a real graph with pseudo-random weights, which are written on
 * the first run (3.4 GB). Samples one trajectory per row and updates on all its steps, in the way that training does.
 */
@Command(
        name = "full-size-benchmark",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Measures an RLCM update of a UNet with the sizes of Stable Diffusion 1.5.")
public final class FullSizeBenchmark implements Callable<Integer> {
    @Option(
            names = "--skeleton",
            paramLabel = "DIR",
            description = "Where model.onnx and fill.json are; weights.bin is written there. Default: ${DEFAULT-VALUE};"
                    + " its folder quarter holds a UNet of a quarter of the width.")
    private Path skeleton = Path.of("fixtures/sd15-unet-skeleton");

    @Option(names = "--memory", description = "${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
    private MemoryPolicy memory = OrtOptions.defaults().memory();

    @Option(
            names = "--rows",
            split = ",",
            paramLabel = "N",
            description =
                    "Transitions of a run, for one benchmark each; from the smallest on, since the memory of a process"
                            + " is its peak. Default: what model.onnx is made for.")
    private List<Integer> rows = List.of();

    @Option(names = "--steps", description = "Network evaluations of a trajectory. Default: ${DEFAULT-VALUE}.")
    private int steps = 8;

    @Option(names = "--rank", description = "Of the adapter, on the attention layers. Default: ${DEFAULT-VALUE}.")
    private int rank = 16;

    @Option(
            names = "--rounds",
            description =
                    "Times to sample and update, so that both see the same disturbances. Default: ${DEFAULT-VALUE}.")
    private int rounds = 2;

    @Option(names = "--results", paramLabel = "FILE", description = "A CSV file to append the results to.")
    private @Nullable Path results;

    @Mixin
    private RuntimeOptions runtime = new RuntimeOptions();

    @Spec
    private CommandSpec spec;

    public static void main(String[] args) {
        Cli.run(new FullSizeBenchmark(), args);
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (steps < 3 || rounds < 1) {
            throw new IllegalArgumentException(
                    "--steps must be at least 3, for an update to be timed after a first one,"
                            + " and --rounds at least 1, got " + steps + " and " + rounds);
        }
        if (runtime.convolutions().size() > 1) {
            List<String> args = spec.commandLine().getParseResult().originalArgs();
            return ProcessEach.of(FullSizeBenchmark.class, args, RuntimeOptions.CONVOLUTIONS, runtime.convolutions());
        }
        PrintWriter out = spec.commandLine().getOut();
        SkeletonWeights weights = SkeletonWeights.of(skeleton);
        weights.write(skeleton);
        Precision precision = runtime.precision().orElse(Precision.FLOAT32);
        SkeletonModel model = new SkeletonModel(skeleton, weights.batch(), precision);
        double peak = matrixPeak(precision);
        for (int batch : rows.isEmpty() ? List.of(weights.batch()) : rows) {
            DeviceMemory device = DeviceMemory.from(runtime.cudaDevice());
            out.printf(
                    "%s, %d row(s), rank %d, %s, %s, memory %s, convolutions %s, %d thread(s)%n%n",
                    skeleton,
                    batch,
                    rank,
                    runtime.device(),
                    runtime.precisionName(precision),
                    memory,
                    runtime.toOrtOptions().convolutions(),
                    runtime.threads());
            out.printf("%-34s %10.0f GFLOP/s%n", "matrix products reach", peak);
            try (TimedBackend backend =
                    new TimedBackend(runtime.open(runtime.toOrtOptions().withMemory(memory)))) {
                measure(out, backend, model, batch, peak, device);
            }
        }
        return 0;
    }

    private double matrixPeak(Precision precision) {
        try (Backend backend = runtime.open(runtime.toOrtOptions().withProfilePrefix(""))) {
            return runtime.cudaDevice().isPresent()
                    ? MatrixPeak.ofDevice(backend, precision)
                    : MatrixPeak.ofCpu(backend);
        }
    }

    private void measure(
            PrintWriter out, TimedBackend backend, SkeletonModel model, int batch, double peak, DeviceMemory device)
            throws IOException {
        LoraConfig lora = LoraConfig.rank(rank);
        MemoryTable table = new MemoryTable();
        backend.afterCompiling(() -> table.take("compiling", backend.derivedWeights()));
        Stopwatch watch = new Stopwatch(out);
        AdaptedGraph adapted = LoraInjection.inject(model.denoiser(batch), lora);
        watch.print("read, raise, inject adapter");
        table.take("reading", backend.derivedWeights());
        SamplingPlan plan = SamplingPlan.steps(steps).withBatch(batch);
        ConsistencyPolicy policy = model.policy(LatentConsistencySchedule.defaults(), plan, lora, backend);
        watch.print("compile the forward pass");
        check(out, backend.first(), model.inputs(batch), policy.adapter());
        List<String> prompts = Collections.nCopies(batch, "noise");
        Rollout rollout = policy.rollout(prompts, RandomStreams.seeded(2));
        watch.print("sample");
        table.take("sampling", backend.derivedWeights());
        double[] advantages = new double[batch];
        Arrays.fill(advantages, 1);
        PpoOptimizer ppo = PpoOptimizer.of(
                policy, PpoConfig.defaults().withMinibatch(batch).withTrajectoriesPerStep(batch));
        ppo.update(rollout, advantages);
        watch.print("compile the update, and update");
        table.take("updating", backend.derivedWeights());
        out.printf("%-34s %10.1f s%n", "of that, runs", backend.last().nanos() * 1e-9);
        for (int round = 1; round < rounds; round++) {
            ppo.update(policy.rollout(prompts, RandomStreams.seeded(2 + round)), advantages);
        }

        double forwardWork = Flops.forward(adapted.graph());
        double updateWork = forwardWork + Flops.backward(adapted.graph(), adapted.factors());
        Times forward = backend.first().timesWithoutFirst();
        Times update = backend.last().timesWithoutFirst();
        out.printf("%n%-34s %9s %9s %9s %9s %8s%n", "one run", "best s", "median s", "GFLOP", "GFLOP/s", "of peak");
        print(out, "forward, with adapter", forward, forwardWork, peak);
        print(out, "update: forward + backward", update, updateWork, peak);
        out.printf(
                "%-34s %9.2f %9.2f%n",
                "update / forward",
                update.shortestMillis() / forward.shortestMillis(),
                update.medianMillis() / forward.medianMillis());
        CopyTable.print(
                out,
                backend.first().lastTraffic(),
                backend.last().lastTraffic(),
                policy.adapter().tensors().values());
        boolean onCpu = runtime.cudaDevice().isEmpty();
        double gigabytes = onCpu ? ProcessMemory.peak() : device.growth();
        out.printf("%n%-34s %9.2f GB%n", "peak memory of the process", ProcessMemory.peak());
        if (onCpu) {
            table.print(out);
        } else {
            out.printf("%-34s %9.2f GB%n", "taken from the device", gigabytes);
        }
        out.println();
        out.flush();
        if (results != null) {
            String network = skeleton.endsWith("quarter") ? "quarter" : "sd15";
            String precision = runtime.precisionName(Precision.FLOAT32);
            ResultsCsv.append(
                    results,
                    new ResultsCsv.Row(network, runtime.device(), precision, batch, forward, update, gigabytes));
        }
    }

    private static void print(PrintWriter out, String name, Times times, double gflop, double peak) {
        double rate = gflop / times.shortestMillis() * 1e3;
        out.printf(
                "%-34s %9.2f %9.2f %9.0f %9.0f %6.0f %%%n",
                name, times.shortestMillis() * 1e-3, times.medianMillis() * 1e-3, gflop, rate, 100 * rate / peak);
    }

    /** Of the stored output, whose standard deviation is 0.55, made in FLOAT32 with other kernels in another order. */
    private double tolerance() {
        return switch (runtime.precisionName(Precision.FLOAT32)) {
            case "float32" -> 1e-4;
            case "tf32", "float16" -> 0.02;
            default -> 0.1;
        };
    }

    /** Compares the network's output with the stored one; a fresh adapter changes nothing. */
    private void check(PrintWriter out, TimedExecutable forward, Map<String, TensorData> inputs, LoraAdapter adapter)
            throws IOException {
        Map<String, TensorData> fed = new HashMap<>(adapter.tensors());
        fed.putAll(inputs);
        TensorData actual = forward.run(fed).values().iterator().next();
        TensorData expected = Npy.read(skeleton.resolve("expected_out_sample.npy"));
        double worst = 0;
        for (int i = 0; i < Math.min(actual.size(), expected.size()); i++) {
            worst = Math.max(worst, Math.abs(actual.getDouble(i) - expected.getDouble(i)));
        }
        if (!(worst <= tolerance())) {
            throw new IllegalArgumentException("the output differs from " + skeleton + "/expected_out_sample.npy by "
                    + worst + ", more than " + tolerance() + "; delete weights.bin to have it written again");
        }
        out.printf("%-34s %10.1e from the stored one%n", "output differs by", worst);
    }
}
