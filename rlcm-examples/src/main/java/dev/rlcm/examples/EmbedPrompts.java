package dev.rlcm.examples;

import dev.rlcm.backend.Backend;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.examples.options.Devices;
import dev.rlcm.examples.options.ModelDirectoryOption;
import dev.rlcm.examples.options.PromptsOption;
import dev.rlcm.onnx.pipeline.PipelineOptions;
import dev.rlcm.onnx.pipeline.PromptEmbeddings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs a model's text encoders once, for prompts that it will be asked for on a machine without them. */
@Command(
        name = "embed-prompts",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Puts prompts' embeddings into a file, for --embeddings of the other commands. Prompts that the"
                + " file has already are not computed again.")
public final class EmbedPrompts implements Callable<Integer> {
    @Mixin
    private ModelDirectoryOption model = new ModelDirectoryOption();

    @Option(
            names = "--embeddings",
            required = true,
            paramLabel = "FILE.safetensors",
            description = "Where they go; a file that is there is added to.")
    private Path file;

    @Option(
            names = "--prompts",
            paramLabel = "FILE|SET",
            description = "Prompts as Train takes them: a file with one a line, *.jsonl, or a set. May be repeated.")
    private List<String> sets = new ArrayList<>();

    @Parameters(arity = "0..*", paramLabel = "PROMPT", description = "Other prompts.")
    private List<String> prompts = new ArrayList<>();

    @Option(
            names = "--adapter",
            paramLabel = "LORA.safetensors",
            description = "Of which the text encoders take what is for them. Default: none.")
    private @Nullable Path adapter;

    @Option(names = "--device", description = Devices.NAMES + ". Default: ${DEFAULT-VALUE}.")
    private String device = "cpu";

    public static void main(String[] args) {
        Cli.run(new EmbedPrompts(), args);
    }

    @Override
    public Integer call() throws IOException {
        List<String> all = new ArrayList<>(prompts);
        for (String set : sets) {
            all.addAll(PromptsOption.texts(set));
        }
        if (all.isEmpty()) {
            throw new IllegalArgumentException("there are no prompts; give some, or --prompts with a file or set");
        }
        try (Backend backend = Devices.open(device)) {
            PipelineOptions usual = PipelineOptions.defaults();
            PipelineOptions options = adapter == null ? usual : usual.withTextAdapter(adapter);
            PromptEmbeddings written = PromptEmbeddings.add(model.open(), options, all, file, backend);
            System.out.println(file + ": " + written.prompts().size() + " prompts");
        }
        return 0;
    }
}
