package dev.rlcm.examples;

import dev.rlcm.backend.Backend;
import dev.rlcm.examples.models.EmbeddedModel;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.examples.options.Devices;
import dev.rlcm.examples.options.ModelDirectoryOption;
import dev.rlcm.examples.quality.PictureJudge;
import dev.rlcm.examples.quality.Psnr;
import dev.rlcm.examples.quality.QualityTable;
import dev.rlcm.lora.LoraAdapter;
import dev.rlcm.onnx.pipeline.ImageFolder;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.onnx.pipeline.LatentDiffusionModel;
import dev.rlcm.onnx.pipeline.LatentModel;
import dev.rlcm.onnx.pipeline.ModelDirectory;
import dev.rlcm.onnx.pipeline.encoders.ClipImageEncoder;
import dev.rlcm.onnx.pipeline.encoders.ClipTextEncoder;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.RolloutRequest;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.reward.Prompt;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** How good pictures are as a set: folders and models against real pictures. */
@Command(
        name = "quality",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Compares folders of pictures, and what models draw for the same captions, with a folder of real"
                + " pictures: Frechet distance, precision and recall on CLIP's embeddings, whether the pictures show what"
                + " was asked for, and the error of the VAE. Prints a table in Markdown.")
public final class Quality implements Callable<Integer> {
    /** Pictures that are drawn at once with an adapter. */
    private static final int BATCH = 16;

    @Parameters(
            arity = "0..*",
            paramLabel = "DIR",
            description = "Folders of pictures. Default: none; what the model draws is measured.")
    private List<Path> folders = new ArrayList<>();

    @Option(
            names = "--reference",
            required = true,
            paramLabel = "DIR",
            description = "Real pictures; with a metadata.jsonl also their captions, which the models draw.")
    private Path reference;

    @Option(
            names = "--count",
            paramLabel = "N",
            description = "Pictures of each folder, the first ones. Default: ${DEFAULT-VALUE}.")
    private int count = 1260;

    @Option(
            names = "--labels",
            split = ",",
            paramLabel = "FIELD",
            description = "Fields of the captions' metadata that CLIP has to recognise. Default: animal,scene.")
    private List<String> labels = new ArrayList<>(List.of("animal", "scene"));

    @Mixin
    private ModelDirectoryOption model = new ModelDirectoryOption();

    @Option(
            names = "--adapter",
            paramLabel = "LORA.safetensors",
            description = "An adapter of the consistency model, which is then measured with it and without it.")
    private @Nullable Path adapter;

    @Option(
            names = "--steps",
            split = ",",
            paramLabel = "N",
            description = "Network evaluations of a picture. Default: 1,2,4,8.")
    private List<Integer> steps = new ArrayList<>(List.of(1, 2, 4, 8));

    @Option(
            names = "--diffusion",
            paramLabel = "DIR",
            description = "A diffusion model, which may lack what it shares with the other. Default: the embedded"
                    + " model's teacher beside the embedded model.")
    private @Nullable Path diffusion;

    @Option(
            names = "--diffusion-steps",
            paramLabel = "N",
            description = "Of DDIM with noise (eta 1); 0 leaves the diffusion model out. Default: ${DEFAULT-VALUE}.")
    private int diffusionSteps = 50;

    @Option(names = "--guidance", description = "Guidance scale, 1 is none. Default: ${DEFAULT-VALUE}.")
    private double guidance = 3;

    @Option(names = "--seed", description = "Of the first picture's noise. Default: ${DEFAULT-VALUE}.")
    private long seed = 42;

    @Option(
            names = "--clip",
            paramLabel = "DIR",
            description = "ONNX export of a CLIP model. Default: the one for the embedded model's pictures.")
    private @Nullable Path clip;

    @Option(names = "--device", description = Devices.NAMES + ". Default: ${DEFAULT-VALUE}.")
    private String device = "cpu";

    @Spec
    private CommandSpec spec;

    public static void main(String[] args) {
        Cli.run(new Quality(), args);
    }

    @Override
    public Integer call() throws IOException {
        if (count < 1) {
            throw new IllegalArgumentException("--count must be positive, got " + count);
        }
        List<Sample> real = pictures(reference);
        Path encoders = clip != null ? clip : EmbeddedModel.emojiClip();
        try (Backend backend = Devices.open(device)) {
            PictureJudge judge = new PictureJudge(
                    real, labels, ClipImageEncoder.load(encoders, backend), ClipTextEncoder.load(encoders, backend));
            QualityTable table = new QualityTable(spec.commandLine().getOut(), judge.fields());
            table.row(reference.toString(), judge.measure(real), OptionalDouble.empty());
            for (Path folder : folders) {
                table.row(folder.toString(), judge.measure(pictures(folder)), OptionalDouble.empty());
            }
            if (folders.isEmpty() || model.isGiven() || adapter != null) {
                measureModels(real, judge, table, backend);
            }
        }
        return 0;
    }

    private List<Sample> pictures(Path folder) throws IOException {
        ImageFolder pictures = ImageFolder.open(folder);
        List<Sample> samples = new ArrayList<>();
        for (int i = 0; i < Math.min(count, pictures.size()); i++) {
            samples.add(pictures.read(i));
        }
        return samples;
    }

    private void measureModels(List<Sample> real, PictureJudge judge, QualityTable table, Backend backend)
            throws IOException {
        ModelDirectory directory = model.open();
        LatentModel consistency = LatentConsistencyModel.load(directory, backend);
        if (directory.vaeEncoder().isPresent()) {
            List<Sample> copies = like(real, consistency.decode(texts(real), consistency.encode(real)));
            table.row("through the VAE", judge.measure(copies), OptionalDouble.of(Psnr.of(real, copies)));
        }
        if (diffusionSteps > 0 && (diffusion != null || !model.isGiven())) {
            Path teacher = diffusion != null ? diffusion : EmbeddedModel.emojiLdm();
            LatentModel drawing =
                    LatentDiffusionModel.load(ModelDirectory.open(teacher, directory.root(), model.reading()), backend);
            List<Sample> drawn = drawing.generate(texts(real), diffusionSteps, guidance, seed);
            measure("diffusion model, " + evaluations(diffusionSteps), drawn, real, judge, table);
        }
        for (int number : steps) {
            List<Sample> drawn = consistency.generate(texts(real), number, guidance, seed);
            measure("consistency model, " + evaluations(number), drawn, real, judge, table);
            if (adapter != null) {
                List<Sample> adapted = adapted(consistency, consistency.adapter(adapter), number, real);
                measure("with the adapter, " + evaluations(number), adapted, real, judge, table);
            }
        }
    }

    /** From the same noise as the model without the adapter. */
    private List<Sample> adapted(LatentModel drawing, LoraAdapter lora, int number, List<Sample> real) {
        SamplingPlan plan = SamplingPlan.steps(number).withGuidance(guidance).withBatch(Math.min(real.size(), BATCH));
        try (ConsistencyPolicy policy = drawing.policy(lora, plan)) {
            return policy.rollout(RolloutRequest.texts(texts(real), LatentModel.noise(seed)))
                    .samples();
        }
    }

    private static String evaluations(int number) {
        return number == 1 ? "1 step" : number + " steps";
    }

    private static void measure(
            String row, List<Sample> drawn, List<Sample> real, PictureJudge judge, QualityTable table) {
        table.row(row, judge.measure(like(real, drawn)), OptionalDouble.empty());
    }

    private static List<String> texts(List<Sample> samples) {
        return samples.stream().map(Sample::prompt).toList();
    }

    /** The pictures with the captions, metadata included, of others. */
    private static List<Sample> like(List<Sample> captioned, List<Sample> drawn) {
        List<Sample> samples = new ArrayList<>();
        for (int i = 0; i < drawn.size(); i++) {
            Sample original = captioned.get(i);
            samples.add(drawn.get(i).withPrompt(new Prompt(original.prompt(), original.metadata())));
        }
        return samples;
    }
}
