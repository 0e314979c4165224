package dev.rlcm.examples.bench;

import dev.rlcm.backend.Executable;
import dev.rlcm.backend.MemoryPolicy;
import dev.rlcm.compilation.Lowering;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.examples.options.RowsOption;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.lora.AdaptedGraph;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.lora.LoraInjection;
import dev.rlcm.onnx.OnnxModels;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.OrtOptions;
import dev.rlcm.onnx.memory.MemoryEstimate;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.rewrite.patterns.RaisePatterns;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Compares {@link MemoryEstimate} with the growth of the resident memory of a fresh process (Linux), or, on CUDA, reports what is
 * taken from the device. The Java heap should be resident from the start, or its growth counts too:
 * {@code -Xms400m -Xmx400m -XX:+AlwaysPreTouch}. Several batch sizes are measured in a process each.
 */
@Command(
        name = "measure-memory",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Compares the estimate of a UNet's memory, with adapter, with what running it takes.")
public final class MeasureMemory implements Callable<Integer> {
    private static final int RUNS = 3;

    @Option(names = "--unet", required = true, paramLabel = "X.onnx", description = "A network with LoRA targets.")
    private Path unet;

    @Option(names = "--dim", paramLabel = "NAME=N", description = "Extents of symbolic dimensions.")
    private Map<String, Integer> dims = new LinkedHashMap<>();

    @Mixin
    private RowsOption rows = new RowsOption();

    @Option(names = "--update", description = "With the gradients of the adapter.")
    private boolean update;

    @Option(names = "--memory", description = "${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
    private MemoryPolicy memory = OrtOptions.defaults().memory();

    @Option(names = "--no-arena", description = "Give memory back between operators.")
    private boolean withoutArena;

    @Mixin
    private RuntimeOptions runtime = new RuntimeOptions();

    @Spec
    private CommandSpec spec;

    public static void main(String[] args) {
        Cli.run(new MeasureMemory(), args);
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        List<Integer> sizes = rows.values();
        List<String> args = spec.commandLine().getParseResult().originalArgs();
        if (sizes.size() > 1) {
            return ProcessEach.of(MeasureMemory.class, args, "--rows", sizes);
        }
        if (runtime.convolutions().size() > 1) {
            return ProcessEach.of(MeasureMemory.class, args, RuntimeOptions.CONVOLUTIONS, runtime.convolutions());
        }
        Map<String, Integer> binding =
                sizes.isEmpty() ? dims : RowsOption.binding(OnnxModels.inspect(unet), dims, sizes.get(0));
        OrtOptions options = runtime.toOrtOptions().withMemory(memory).withMemoryArena(!withoutArena);
        DeviceMemory device = DeviceMemory.from(runtime.cudaDevice());
        try (OrtBackend backend = runtime.open(options)) {
            Value scalar = Value.scalar(DataType.FLOAT32, 1);
            backend.compile(Graph.of("y", scalar.add(1))).run(Map.of());
            double before = ProcessMemory.now();
            Graph graph = graph(binding, Lowering.of(backend));
            MemoryEstimate estimate = MemoryEstimate.of(graph, options);
            try (Executable executable = backend.compile(graph)) {
                Map<String, TensorData> inputs = Noise.inputs(graph, RandomStreams.seeded(0), Map.of());
                for (int i = 0; i < RUNS; i++) {
                    executable.run(inputs);
                }
                print(binding, estimate, ProcessMemory.peak() - before, device.growth());
            }
        }
        return 0;
    }

    private void print(Map<String, Integer> binding, MemoryEstimate estimate, double growth, double device) {
        PrintWriter out = spec.commandLine().getOut();
        out.printf("%s%s%nestimate %s%n", unet.getFileName(), binding.isEmpty() ? "" : " " + binding, estimate);
        double megabytes = growth * 1e9 / (1 << 20);
        if (runtime.cudaDevice().isPresent()) {
            out.printf("measured %.0f MB of the process, %.2f GB of the device%n", megabytes, device);
        } else {
            double estimated = estimate.total() / (double) (1 << 20);
            out.printf("measured %.0f MB, ratio %.2f%n", megabytes, estimated / megabytes);
        }
        out.flush();
    }

    private Graph graph(Map<String, Integer> binding, Lowering lowering) throws IOException {
        Graph file = RaisePatterns.raise(OnnxModels.load(unet, binding));
        Graph network = runtime.precision().map(precision -> precision.of(file)).orElse(file);
        AdaptedGraph adapted = LoraInjection.inject(network, LoraConfig.rank(8));
        if (!update) {
            return lowering.forward(adapted.graph());
        }
        Value output = adapted.graph().outputs().values().iterator().next();
        Value loss = output.square().mean();
        Map<String, Value> gradients = new LinkedHashMap<>();
        adapted.factors().forEach(factor -> gradients.put("gradient." + factor.label(), factor));
        return lowering.update(Graph.of("loss", loss), Map.of("loss", loss.like(1)), gradients);
    }
}
