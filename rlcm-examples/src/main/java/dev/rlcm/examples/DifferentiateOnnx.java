package dev.rlcm.examples;

import dev.rlcm.backend.Backend;
import dev.rlcm.compilation.Lowering;
import dev.rlcm.examples.gradients.TensorFiles;
import dev.rlcm.examples.gradients.UpstreamGradients;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.examples.options.Devices;
import dev.rlcm.examples.options.ReadingOptions;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.lora.LoraAdapter;
import dev.rlcm.lora.LoraInjection;
import dev.rlcm.lora.LoraSite;
import dev.rlcm.onnx.LoadOptions;
import dev.rlcm.onnx.OnnxModels;
import dev.rlcm.onnx.OnnxSignature;
import dev.rlcm.onnx.OnnxSignature.Port;
import dev.rlcm.rewrite.patterns.RaisePatterns;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Runs any ONNX file forward and backward. The loss is the sum of output x upstream; the outputs, and the gradients by
 * inputs and weights, go to one file under their own names. A model that passes an input through as an output of
 * the same name is refused if that input is differentiated by.
 */
@Command(
        name = "differentiate-onnx",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Runs an ONNX file forward and backward: loss = sum(output x upstream).")
public final class DifferentiateOnnx implements Callable<Integer> {
    /** In --wrt, all weights of the adapter. */
    private static final String ADAPTER = "adapter";

    @Option(names = "--model", required = true, paramLabel = "X.onnx", description = "Opset 7 to 23.")
    private Path model;

    @Option(
            names = "--inputs",
            required = true,
            paramLabel = "FILE",
            description =
                    "An .npz or .safetensors with an array for each input; their shapes bind symbolic dimensions.")
    private Path inputs;

    @Option(
            names = "--adapter",
            paramLabel = "LORA.safetensors",
            description = "Injected before running; diffusers', PEFT's or kohya's keys.")
    private @Nullable Path adapter;

    @Option(
            names = "--alpha",
            paramLabel = "ALPHA",
            description = "Alpha of the adapter, in place of what its file states; for files of PEFT without their"
                    + " adapter_config.json.")
    private @Nullable Double alpha;

    @Option(
            names = "--upstream",
            paramLabel = "FILE",
            description = "dL/d(output): an .npy for the only output, or an .npz or .safetensors with arrays named as"
                    + " outputs, where one that is left out counts as zeros. Default: ones for all outputs.")
    private @Nullable Path upstream;

    @Option(
            names = "--wrt",
            split = ",",
            paramLabel = "NAME",
            description = "Inputs, weights of the model or of the adapter to differentiate by; 'adapter' stands for all"
                    + " its weights. Default: the adapter, or without one all floating-point inputs.")
    private List<String> wrt = new ArrayList<>();

    @Mixin
    private ReadingOptions reading = new ReadingOptions();

    @Option(names = "--device", description = Devices.NAMES + ". Default: ${DEFAULT-VALUE}.")
    private String device = "cpu";

    @Option(
            names = "--out",
            required = true,
            paramLabel = "FILE",
            description = "A .safetensors or .npz: outputs, gradients named by what they are gradients by.")
    private Path out;

    @Spec
    private CommandSpec spec;

    public static void main(String[] args) {
        Cli.run(new DifferentiateOnnx(), args);
    }

    @Override
    public Integer call() throws IOException {
        TensorFiles.requireFormat(out);
        if (alpha != null && adapter == null) {
            throw new IllegalArgumentException("--alpha needs an --adapter");
        }
        Map<String, TensorData> tensors = readInputs();
        Map<String, Shape> shapes = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> shapes.put(name, tensor.shape()));
        LoadOptions options = LoadOptions.defaults()
                .withInputShapes(shapes)
                .withTrained(Set.copyOf(wrt))
                .withReading(reading.get());
        Graph forward = RaisePatterns.raise(OnnxModels.load(model, options));
        List<String> factors = List.of();
        if (adapter != null) {
            List<LoraSite> sites = LoraInjection.sites(forward);
            LoraAdapter weights =
                    alpha == null ? LoraAdapter.load(adapter, sites) : LoraAdapter.load(adapter, sites, alpha);
            forward = LoraInjection.inject(forward, weights).graph();
            tensors.putAll(weights.tensors());
            factors = List.copyOf(weights.tensors().keySet());
        }
        List<String> by = differentiatedBy(forward, factors);
        Graph joint = OnnxModels.differentiate(forward, by);
        OnnxModels.weights(forward).forEach((name, weight) -> {
            if (by.contains(name)) {
                tensors.putIfAbsent(name, weight);
            }
        });
        UpstreamGradients.of(forward, upstream).forEach((name, tensor) -> tensors.put("upstream_" + name, tensor));
        tensors.replaceAll((name, tensor) -> TensorFiles.convert(name, tensor, joint.input(name)));

        Map<String, TensorData> results = new LinkedHashMap<>();
        try (Backend backend = Devices.open(device)) {
            Graph lowered = Lowering.of(backend).lower(joint);
            Map<String, TensorData> computed = backend.compile(lowered).run(tensors);
            forward.outputs().keySet().forEach(name -> results.put(name, computed.get(name)));
            by.forEach(name -> results.put(name, computed.get("grad_" + name)));
        }
        TensorFiles.write(out, results);
        return 0;
    }

    private Map<String, TensorData> readInputs() throws IOException {
        Map<String, TensorData> tensors = new LinkedHashMap<>(TensorFiles.read(inputs));
        OnnxSignature signature = OnnxModels.inspect(model);
        List<String> declared = signature.inputs().stream().map(Port::name).toList();
        if (!tensors.keySet().containsAll(declared)) {
            throw new IllegalArgumentException(
                    inputs + " must hold the model's inputs " + declared + ", it holds " + tensors.keySet());
        }
        TreeSet<String> unused = new TreeSet<>(tensors.keySet());
        declared.forEach(unused::remove);
        if (!unused.isEmpty()) {
            spec.commandLine()
                    .getErr()
                    .println("note: " + unused + " of " + inputs + " are ignored, the model's inputs are " + declared);
            tensors.keySet().removeAll(unused);
        }
        return tensors;
    }

    private List<String> differentiatedBy(Graph graph, List<String> factors) {
        if (wrt.contains(ADAPTER) && factors.isEmpty()) {
            throw new IllegalArgumentException("--wrt " + ADAPTER + " needs an --adapter");
        }
        List<String> asked = new ArrayList<>(wrt);
        if (asked.isEmpty() && factors.isEmpty()) {
            graph.inputs().stream().filter(v -> v.type().isFloating()).forEach(v -> asked.add(v.label()));
        } else if (asked.isEmpty() || asked.removeIf(ADAPTER::equals)) {
            asked.addAll(factors);
        }
        if (asked.isEmpty()) {
            throw new IllegalArgumentException(
                    model + " has no floating-point input to differentiate by; give an --adapter");
        }
        List<String> names = asked.stream().distinct().toList();
        for (String name : names) {
            if (graph.outputs().containsKey(name)) {
                throw new IllegalArgumentException("the model has an output and an input named " + name
                        + ", which cannot both be written under that name; rename one, or leave it out of --wrt");
            }
        }
        return names;
    }
}
