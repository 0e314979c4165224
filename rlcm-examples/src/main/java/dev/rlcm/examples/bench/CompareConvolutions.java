package dev.rlcm.examples.bench;

import dev.rlcm.backend.ConvolutionForms;
import dev.rlcm.compilation.Lowering;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.OrtOptions;
import dev.rlcm.random.RandomStreams;
import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Times convolutions in their direct form and as the choice by cost has them, by turns in one process: single ones, or the decoder
 * of Stable Diffusion's VAE. What whole UNets gain, {@link FullSizeBenchmark} tells.
 */
@Command(
        name = "compare-convolutions",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Compares direct convolutions with those by minimal filtering on the CPU.")
public final class CompareConvolutions implements Callable<Integer> {
    @Option(
            names = "--single",
            split = ",",
            paramLabel = ConvolutionSpec.FORMAT,
            description =
                    "Convolutions of 3x3, or of 1x1 (pointwise); SIZE is that of the input, before it is enlarged (up)"
                            + " or halved by a stride of 2 (down). Default: those of Stable Diffusion 1.5, one row.")
    private List<String> single = List.of(
            "1x320x320x64",
            "1x960x320x64",
            "1x640x640x32",
            "1x1280x1280x16",
            "1x1280x1280x8",
            "1x1280x1280x8:up",
            "1x1280x1280x16:up",
            "1x640x640x32:up");

    @Option(
            names = "--gradient",
            description = "Of single convolutions the gradient by the input, instead of the forward pass.")
    private boolean gradient;

    @Option(
            names = "--decoder",
            paramLabel = "SIZE",
            description = "A VAE's decoder instead, for latents of that size; 64 is that of Stable Diffusion 1.5.")
    private int decoder;

    @Option(names = "--threads", description = "Of ONNX Runtime. Default: all cores.")
    private int threads = OrtOptions.defaults().threads();

    @Option(names = "--rounds", description = "Turns of each form. Default: ${DEFAULT-VALUE}.")
    private int rounds = 10;

    @Spec
    private CommandSpec spec;

    public static void main(String[] args) {
        Cli.run(new CompareConvolutions(), args);
    }

    @Override
    public Integer call() {
        if (rounds < 1 || decoder < 0) {
            throw new IllegalArgumentException(
                    "--rounds and --decoder must be at least 1, got " + rounds + " and " + decoder);
        }
        PrintWriter out = spec.commandLine().getOut();
        out.printf(
                "milliseconds, best (median)%n%-20s %21s %21s %6s %9s  %s%n",
                "", "direct", "by cost", "ratio", "error", "chosen");
        if (decoder > 0) {
            compare(out, "decoder, " + decoder, ConvolutionStacks.decoder(decoder));
            return 0;
        }
        for (ConvolutionSpec convolution :
                single.stream().map(ConvolutionSpec::parse).toList()) {
            compare(out, convolution.toString(), ConvolutionStacks.single(convolution));
        }
        return 0;
    }

    private void compare(PrintWriter out, String name, Graph graph) {
        OrtOptions options = OrtOptions.defaults().withThreads(threads);
        try (TimedBackend direct = timed(options.withConvolutions(ConvolutionForms.DIRECT));
                TimedBackend byCost = timed(options.withConvolutions(ConvolutionForms.BY_COST))) {
            TimedExecutable plain = direct.compile(lowered(Lowering.of(direct), graph));
            TimedExecutable faster = byCost.compile(lowered(Lowering.of(byCost), graph));
            Map<String, TensorData> inputs = Noise.inputs(plain.graph(), RandomStreams.seeded(1), Map.of());
            Map<String, TensorData> expected = plain.run(inputs);
            RelativeErrors errors = RelativeErrors.of(expected, faster.run(inputs));
            for (int i = 0; i < rounds; i++) {
                plain.run(inputs);
                faster.run(inputs);
            }
            Times before = plain.timesWithoutFirst();
            Times after = faster.timesWithoutFirst();
            out.printf(
                    "%-20s %10.1f (%8.1f) %10.1f (%8.1f) %6.2f %9.1e  %s%n",
                    name,
                    before.shortestMillis(),
                    before.medianMillis(),
                    after.shortestMillis(),
                    after.medianMillis(),
                    before.medianMillis() / after.medianMillis(),
                    errors.each().values().iterator().next(),
                    differentiates()
                            ? Lowering.of(byCost).convolutionsOfForward(graph)
                            : Lowering.of(byCost).convolutionsOfInference(graph));
            out.flush();
        }
    }

    private boolean differentiates() {
        return gradient && decoder == 0;
    }

    private Graph lowered(Lowering lowering, Graph graph) {
        if (!differentiates()) {
            return lowering.inference(graph);
        }
        Graph forward = lowering.forward(graph);
        Value upstream =
                Value.input("upstream", DataType.FLOAT32, graph.output("y").shape());
        Graph joint = lowering.joint(forward, Map.of("y", upstream), Map.of("gradient", graph.input("x")));
        return lowering.lower(new Graph(List.of(upstream), Map.of("gradient", joint.output("gradient"))));
    }

    private static TimedBackend timed(OrtOptions options) {
        return new TimedBackend(OrtBackend.cpu(options));
    }
}
