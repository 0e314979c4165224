package dev.rlcm.examples;

import dev.rlcm.backend.MemoryPolicy;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.examples.options.EmbeddingsOption;
import dev.rlcm.examples.options.ModelDirectoryOption;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.onnx.OrtOptions;
import dev.rlcm.onnx.pipeline.check.CheckSettings;
import dev.rlcm.onnx.pipeline.check.Finding;
import dev.rlcm.onnx.pipeline.check.Finding.Severity;
import dev.rlcm.onnx.pipeline.check.ModelCheck;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Says what would go wrong, or slowly, with a model directory, without running it. The exit code is 1 if something would. */
@Command(
        name = "lint-model",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Checks a model directory and estimates the memory it needs, without running anything.")
public final class LintModel implements Callable<Integer> {
    @Mixin
    private ModelDirectoryOption model = new ModelDirectoryOption();

    @Mixin
    private EmbeddingsOption embeddings = new EmbeddingsOption();

    @Option(names = "--batch", description = "Pictures that are sampled together. Default: ${DEFAULT-VALUE}.")
    private int batch = 1;

    @Option(names = "--minibatch", description = "Rows of an update. Default: that of --batch.")
    private int minibatch;

    @Option(names = "--height", description = "Of the pictures, in pixels. Default: that of training.")
    private int height;

    @Option(names = "--width", description = "Of the pictures, in pixels. Default: that of training.")
    private int width;

    @Option(names = "--steps", description = "Network evaluations of a picture. Default: ${DEFAULT-VALUE}.")
    private int steps = 8;

    @Option(names = "--rank", description = "Of the adapter. Default: ${DEFAULT-VALUE}.")
    private int rank = 8;

    @Option(names = "--memory", description = "${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
    private MemoryPolicy memory = OrtOptions.defaults().memory();

    @Option(
            names = "--targets",
            split = ",",
            paramLabel = "NAME",
            description = "Modules to adapt. Default: the projections of attention.")
    private List<String> targets = new ArrayList<>();

    @Spec
    private CommandSpec spec;

    public static void main(String[] args) {
        Cli.run(new LintModel(), args);
    }

    @Override
    public Integer call() {
        if (height != 0 ^ width != 0) {
            throw new IllegalArgumentException("give both --height and --width, or neither");
        }
        LoraConfig lora = LoraConfig.rank(rank);
        CheckSettings settings = CheckSettings.defaults()
                .withBatch(batch)
                .withMinibatch(minibatch == 0 ? batch : minibatch)
                .withSteps(steps)
                .withReading(model.reading())
                .withRuntime(OrtOptions.defaults().withMemory(memory))
                .withLora(targets.isEmpty() ? lora : lora.targeting(targets.toArray(String[]::new)));
        CheckSettings sized = height == 0 ? settings : settings.withSize(height, width);
        List<Finding> findings = ModelCheck.of(
                model.directory(), embeddings.file().map(sized::withEmbeddings).orElse(sized));
        PrintWriter out = spec.commandLine().getOut();
        findings.forEach(out::println);
        long errors = count(findings, Severity.ERROR);
        out.printf("%d error(s), %d warning(s)%n", errors, count(findings, Severity.WARNING));
        out.flush();
        return errors == 0 ? 0 : 1;
    }

    private static long count(List<Finding> findings, Severity severity) {
        return findings.stream().filter(f -> f.severity() == severity).count();
    }
}
