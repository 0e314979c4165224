package dev.rlcm.examples.bench;

import dev.rlcm.backend.MemoryPolicy;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.graph.TensorData;
import dev.rlcm.io.Npy;
import dev.rlcm.lora.AdaptedGraph;
import dev.rlcm.lora.LoraAdapter;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.lora.LoraInjection;
import dev.rlcm.mdp.LatentConsistencySchedule;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.OrtOptions;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.ppo.PpoConfig;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.random.RandomStreams;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
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
        description = "Measures an RLCM update of a UNet with the sizes of Stable Diffusion 1.5 on the CPU.")
public final class FullSizeBenchmark implements Callable<Integer> {
    /** Of the stored output, made with other kernels in another order. */
    private static final double TOLERANCE = 1e-4;

    @Option(
            names = "--skeleton",
            paramLabel = "DIR",
            description = "Where model.onnx and fill.json are; weights.bin is written there. Default: ${DEFAULT-VALUE};"
                    + " its folder quarter holds a UNet of a quarter of the width.")
    private Path skeleton = Path.of("fixtures/sd15-unet-skeleton");

    @Option(names = "--memory", description = "${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
    private MemoryPolicy memory = MemoryPolicy.FAST;

    @Option(names = "--rows", description = "Transitions of a run. Default: what model.onnx is made for.")
    private int rows;

    @Option(names = "--steps", description = "Network evaluations of a trajectory. Default: ${DEFAULT-VALUE}.")
    private int steps = 8;

    @Option(names = "--rank", description = "Of the adapter, on the attention layers. Default: ${DEFAULT-VALUE}.")
    private int rank = 16;

    @Option(
            names = "--rounds",
            description =
                    "Times to sample and update, so that both see the same disturbances. Default: ${DEFAULT-VALUE}.")
    private int rounds = 2;

    @Mixin
    private RuntimeOptions runtime = new RuntimeOptions();

    @Spec
    private CommandSpec spec;

    public static void main(String[] args) {
        Cli.run(new FullSizeBenchmark(), args);
    }

    @Override
    public Integer call() throws IOException {
        if (steps < 3 || rounds < 1) {
            throw new IllegalArgumentException(
                    "--steps must be at least 3, for an update to be timed after a first one,"
                            + " and --rounds at least 1, got " + steps + " and " + rounds);
        }
        PrintWriter out = spec.commandLine().getOut();
        SkeletonWeights weights = SkeletonWeights.of(skeleton);
        weights.write(skeleton);
        int batch = rows == 0 ? weights.batch() : rows;
        OrtOptions options = runtime.toOrtOptions().withMemory(memory);
        double peak = MatrixPeak.gflopPerSecond(options.threads());
        out.printf(
                "%s, %d row(s), rank %d, memory %s, %d thread(s)%n%n",
                skeleton, batch, rank, memory, options.threads());
        out.printf("%-34s %10.0f GFLOP/s%n", "matrix products reach", peak);
        try (TimedBackend backend = new TimedBackend(OrtBackend.cpu(options))) {
            measure(out, backend, new SkeletonModel(skeleton, weights.batch()), batch, peak);
        }
        return 0;
    }

    private void measure(PrintWriter out, TimedBackend backend, SkeletonModel model, int batch, double peak)
            throws IOException {
        LoraConfig lora = LoraConfig.rank(rank);
        Stopwatch watch = new Stopwatch(out);
        AdaptedGraph adapted = LoraInjection.inject(model.denoiser(batch), lora);
        watch.print("read, raise, inject adapter");
        LoraAdapter adapter = LoraAdapter.initial(lora, adapted.sites(), RandomStreams.seeded(1));
        SamplingPlan plan = SamplingPlan.steps(steps).withBatch(batch);
        ConsistencyPolicy policy = ConsistencyPolicy.of(
                model, LatentConsistencySchedule.defaults().steps(steps), plan.rollout(), adapter, backend);
        watch.print("compile the forward pass");
        check(out, backend.first(), model.inputs(batch), adapter);
        List<String> prompts = Collections.nCopies(batch, "noise");
        Rollout rollout = policy.rollout(prompts, RandomStreams.seeded(2));
        watch.print("sample");
        double[] advantages = new double[batch];
        Arrays.fill(advantages, 1);
        PpoOptimizer ppo = PpoOptimizer.of(
                policy, PpoConfig.defaults().withMinibatch(batch).withTrajectoriesPerStep(batch));
        ppo.update(rollout, advantages);
        watch.print("compile the update, and update");
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
        out.printf("%n%-34s %9.2f GB%n", "peak memory of the process", peakMemory());
        out.flush();
    }

    private static void print(PrintWriter out, String name, Times times, double gflop, double peak) {
        double rate = gflop / times.shortestMillis() * 1e3;
        out.printf(
                "%-34s %9.2f %9.2f %9.0f %9.0f %6.0f %%%n",
                name, times.shortestMillis() * 1e-3, times.medianMillis() * 1e-3, gflop, rate, 100 * rate / peak);
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
        if (!(worst <= TOLERANCE)) {
            throw new IllegalArgumentException("the output differs from " + skeleton + "/expected_out_sample.npy by "
                    + worst + ", more than " + TOLERANCE + "; delete weights.bin to have it written again");
        }
        out.printf("%-34s %10.1e from the stored one%n", "output differs by", worst);
    }

    /** VmHWM: memory-mapped weights included. NaN where the system does not tell. */
    private static double peakMemory() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (!Files.exists(status)) {
            return Double.NaN;
        }
        return Files.readAllLines(status).stream()
                .filter(line -> line.startsWith("VmHWM"))
                .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")) * 1024e-9)
                .findFirst()
                .orElse(Double.NaN);
    }
}
