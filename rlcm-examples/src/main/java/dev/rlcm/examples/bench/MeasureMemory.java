package dev.rlcm.examples.bench;

import dev.rlcm.backend.Executable;
import dev.rlcm.backend.MemoryPolicy;
import dev.rlcm.compilation.Lowering;
import dev.rlcm.examples.options.Cli;
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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Compares {@link MemoryEstimate} with the growth of the resident memory of a fresh process (Linux). The Java heap should
 * be resident from the start, or its growth counts too: {@code -Xms400m -Xmx400m -XX:+AlwaysPreTouch}.
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

    @Option(names = "--update", description = "With the gradients of the adapter.")
    private boolean update;

    @Option(names = "--memory", description = "${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
    private MemoryPolicy memory = MemoryPolicy.FAST;

    @Option(names = "--no-arena", description = "Give memory back between operators.")
    private boolean withoutArena;

    @Spec
    private CommandSpec spec;

    public static void main(String[] args) {
        Cli.run(new MeasureMemory(), args);
    }

    @Override
    public Integer call() throws IOException {
        OrtOptions options = OrtOptions.defaults().withMemory(memory).withMemoryArena(!withoutArena);
        try (OrtBackend backend = OrtBackend.cpu(options)) {
            Value scalar = Value.scalar(DataType.FLOAT32, 1);
            backend.compile(Graph.of("y", scalar.add(1))).run(Map.of());
            long before = kilobytes("VmRSS");
            Graph graph = graph();
            MemoryEstimate estimate = MemoryEstimate.of(graph, options);
            try (Executable executable = backend.compile(graph)) {
                Map<String, TensorData> inputs = inputs(graph);
                for (int i = 0; i < RUNS; i++) {
                    executable.run(inputs);
                }
            }
            double measured = (kilobytes("VmHWM") - before) / 1024.0;
            double estimated = estimate.total() / (double) (1 << 20);
            spec.commandLine()
                    .getOut()
                    .printf("estimate %s%nmeasured %.0f MB, ratio %.2f%n", estimate, measured, estimated / measured);
        }
        return 0;
    }

    private Graph graph() throws IOException {
        Graph network = RaisePatterns.raise(OnnxModels.load(unet, dims));
        AdaptedGraph adapted = LoraInjection.inject(network, LoraConfig.rank(8));
        Lowering lowering = Lowering.of(memory);
        if (!update) {
            return lowering.forward(adapted.graph());
        }
        Value output = adapted.graph().outputs().values().iterator().next();
        Value loss = output.square().mean();
        Map<String, Value> gradients = new LinkedHashMap<>();
        adapted.factors().forEach(factor -> gradients.put("gradient." + factor.label(), factor));
        return lowering.update(Graph.of("loss", loss), Map.of("loss", loss.like(1)), gradients);
    }

    private static Map<String, TensorData> inputs(Graph graph) {
        Map<String, TensorData> inputs = new LinkedHashMap<>();
        for (Value input : graph.inputs()) {
            float[] draws = RandomStreams.seeded(0).at(input.label()).gaussians((int)
                    input.shape().size());
            inputs.put(
                    input.label(),
                    TensorData.generate(
                            input.type(), input.shape(), i -> input.type().isFloating() ? draws[i] : 500));
        }
        return inputs;
    }

    private static long kilobytes(String key) throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith(key + ":"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .findFirst()
                .orElseThrow(() -> new IOException("/proc/self/status has no " + key + "; this needs Linux"));
    }
}
