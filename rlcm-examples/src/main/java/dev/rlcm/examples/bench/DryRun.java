package dev.rlcm.examples.bench;

import dev.rlcm.backend.MemoryPolicy;
import dev.rlcm.examples.bench.PlannedTraining.Machine;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.graph.Graph;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.onnx.pipeline.FlowMatchingModel;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.onnx.pipeline.LatentModel;
import dev.rlcm.onnx.pipeline.ModelDirectory;
import dev.rlcm.onnx.pipeline.PipelineOptions;
import dev.rlcm.onnx.pipeline.PixelConsistencyModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Takes a model through everything that comes before running it: import, adapter, gradients of a PPO update, lowering, and the plan of its
 * memory, for every {@link MemoryPolicy} and precision. Reads next to nothing of the weights, computes nothing with them.
 */
@Command(
        name = "dry-run",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Says what training a model will take, without running it.")
public final class DryRun implements Callable<Integer> {
    private static final Path UNPACKED = Path.of("runs/full-size");

    @Option(
            names = "--model",
            paramLabel = "DIR",
            description = "A model directory, or one of fixtures/full-size, which is unpacked first."
                    + " Default: ${DEFAULT-VALUE}.")
    private Path model = Path.of("fixtures/full-size/sdxl");

    @Option(
            names = "--unpacked",
            paramLabel = "DIR",
            description = "Where a model of fixtures/full-size is unpacked. Default: runs/full-size/ and its name.")
    private @Nullable Path unpacked;

    @Option(names = "--rows", description = "Transitions of a minibatch. Default: ${DEFAULT-VALUE}.")
    private int rows = 1;

    @Option(names = "--rank", description = "Of the adapter. Default: ${DEFAULT-VALUE}.")
    private int rank = 16;

    @Option(
            names = "--targets",
            split = ",",
            paramLabel = "NAME",
            description = "Modules to adapt. Default: ${DEFAULT-VALUE}.")
    private List<String> targets = List.of("attention");

    @Option(
            names = "--memory",
            split = ",",
            paramLabel = "POLICY",
            description = "${COMPLETION-CANDIDATES}. Default: all.")
    private List<MemoryPolicy> policies = List.of(MemoryPolicy.values());

    @Option(
            names = "--machine",
            split = ",",
            paramLabel = "KIND",
            description = "${COMPLETION-CANDIDATES}: a CPU computes in float32, a GPU in float16. Default: both.")
    private List<Machine> machines = List.of(Machine.values());

    @Spec
    private CommandSpec spec;

    public static void main(String[] args) {
        Cli.run(new DryRun(), args);
    }

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        out.printf("%s, %d row(s), rank %d on %s%n", model, rows, rank, String.join(", ", targets));
        Phases phases = new Phases(out);
        Path directory = model;
        if (PackedModel.is(model)) {
            directory = unpacked != null ? unpacked : UNPACKED.resolve(model.getFileName());
            PackedModel.unpack(model, directory);
            phases.end("unpack to " + directory);
        }
        try (PlanningBackend backend = new PlanningBackend()) {
            LatentModel loaded = load(ModelDirectory.open(directory), backend);
            List<Graph> others = new ArrayList<>(backend.graphs());
            phases.end("import text encoders", others);
            others.add(loaded.decoder(1));
            phases.end("import decoder", others.subList(others.size() - 1, others.size()));
            Graph network = loaded.denoiser(rows);
            phases.end("import network", List.of(network));
            LoraConfig lora = LoraConfig.rank(rank).targeting(targets.toArray(String[]::new));
            List<PlannedTraining> plans = new ArrayList<>();
            for (Machine machine : machines) {
                for (MemoryPolicy policy : policies) {
                    plans.add(PlannedTraining.of(network, lora, machine, policy));
                }
            }
            phases.end("plan");
            phases.printPeaks();
            PlannedTraining.print(out, plans);
            double besides = PlannedTraining.inference(others) * 1e-9;
            out.printf(Locale.ROOT, "%ntext encoders and decoder besides, in float32: %.2f GB%n", besides);
            out.flush();
        }
        return 0;
    }

    private static LatentModel load(ModelDirectory directory, PlanningBackend backend) throws IOException {
        PipelineOptions options = PipelineOptions.defaults();
        if (directory.isFlowMatching()) {
            return FlowMatchingModel.load(directory, backend, options);
        }
        return directory.isOfPixels()
                ? PixelConsistencyModel.load(directory, backend, options)
                : LatentConsistencyModel.load(directory, backend, options);
    }
}
