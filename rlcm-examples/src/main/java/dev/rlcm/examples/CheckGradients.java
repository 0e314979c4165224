package dev.rlcm.examples;

import dev.rlcm.autodiff.DirectionalReport;
import dev.rlcm.autodiff.DirectionalSettings;
import dev.rlcm.autodiff.GradientChecker;
import dev.rlcm.backend.Backend;
import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.examples.gradients.TensorFiles;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.examples.options.Devices;
import dev.rlcm.examples.options.RowsOption;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.OnnxModels;
import dev.rlcm.onnx.OnnxSignature;
import dev.rlcm.precision.Precision;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.rewrite.patterns.RaisePatterns;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Compares the gradients of any ONNX file with differences along random directions. In double precision, on the reference
 * backend, right gradients agree to about 1e-8; with --fast, in the single precision of ONNX Runtime, to about 1e-3, which
 * shows gross mistakes only but takes seconds for a large network. The exit code is 1 if they do not agree.
 */
@Command(
        name = "check-gradients",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Compares the gradients of an ONNX file with differences along random directions.")
public final class CheckGradients implements Callable<Integer> {
    @Option(names = "--model", required = true, paramLabel = "X.onnx", description = "Opset 7 to 23.")
    private Path model;

    @Option(
            names = "--inputs",
            paramLabel = "FILE",
            description =
                    "An .npz or .safetensors with the point; inputs that are not in it are random: normal numbers,"
                            + " or 1 for integers.")
    private @Nullable Path inputs;

    @Option(names = "--dim", paramLabel = "NAME=N", description = "Extents of symbolic dimensions.")
    private Map<String, Integer> dims = new LinkedHashMap<>();

    @Option(
            names = "--wrt",
            split = ",",
            paramLabel = "NAME",
            description = "Inputs to differentiate by. Default: all floating-point ones.")
    private List<String> wrt = new ArrayList<>();

    @Mixin
    private RowsOption rows = new RowsOption();

    @Option(names = "--fast", description = "In single precision, with ONNX Runtime.")
    private boolean fast;

    @Option(names = "--device", description = Devices.NAMES + ", with --fast. Default: ${DEFAULT-VALUE}.")
    private String device = "cpu";

    @Option(
            names = "--precision",
            paramLabel = "TYPE",
            description =
                    "With --fast: float32, float16 or bfloat16. Differences hardly show a gradient in 16 bits: set"
                            + " --tolerance. Default: that of the model.")
    private @Nullable Precision precision;

    @Option(names = "--directions", description = "How many to try for each input. Default: ${DEFAULT-VALUE}.")
    private int directions = 4;

    @Option(names = "--tolerance", description = "Largest relative error. Default: 1e-5, with --fast 2e-2.")
    private @Nullable Double tolerance;

    @Spec
    private CommandSpec spec;

    public static void main(String[] args) {
        Cli.run(new CheckGradients(), args);
    }

    @Override
    public Integer call() throws IOException {
        OnnxSignature signature = OnnxModels.inspect(model);
        Set<String> symbols = signature.symbols();
        if (!symbols.containsAll(dims.keySet())) {
            throw new IllegalArgumentException(
                    "--dim names " + dims.keySet() + ", the symbolic dimensions of " + model + " are " + symbols);
        }
        if (!fast && (precision != null || Devices.cudaDevice(device).isPresent())) {
            throw new IllegalArgumentException("--device and --precision need --fast, which uses ONNX Runtime");
        }
        boolean passed = true;
        try (Backend backend = fast ? Devices.open(device) : new ReferenceBackend()) {
            for (Map<String, Integer> binding : rows.bindings(signature, dims)) {
                Graph graph = RaisePatterns.raise(OnnxModels.load(model, binding));
                passed &= check(precision == null ? graph : precision.of(graph), backend);
            }
        }
        return passed ? 0 : 1;
    }

    private boolean check(Graph graph, Backend backend) throws IOException {
        Map<String, TensorData> given = inputs == null ? Map.of() : TensorFiles.read(inputs);
        Map<String, TensorData> point = new LinkedHashMap<>();
        List<String> real = new ArrayList<>();
        for (Value input : graph.inputs()) {
            TensorData tensor = given.get(input.label());
            point.put(
                    input.label(), tensor == null ? random(input) : TensorFiles.convert(input.label(), tensor, input));
            if (input.type().isFloating()) {
                real.add(input.label());
            }
        }
        DirectionalSettings settings = DirectionalSettings.of(fast ? DataType.FLOAT32 : DataType.FLOAT64)
                .withDirections(directions);
        if (tolerance != null) {
            settings = settings.withTolerance(tolerance);
        }
        DirectionalReport report =
                GradientChecker.alongDirections(graph, point, wrt.isEmpty() ? real : wrt, backend, settings);
        PrintWriter out = spec.commandLine().getOut();
        out.println(report);
        out.println(report.passed() ? "passed" : "failed: an error is above " + report.tolerance());
        out.flush();
        return report.passed();
    }

    private static TensorData random(Value input) {
        float[] draws = RandomStreams.seeded(0).at(input.label()).gaussians((int)
                input.shape().size());
        return TensorData.generate(
                input.type(), input.shape(), i -> input.type().isFloating() ? draws[i] : 1);
    }
}
