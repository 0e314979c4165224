package dev.rlcm.examples.pretraining;

import dev.rlcm.backend.Backend;
import dev.rlcm.check.Check;
import dev.rlcm.examples.models.EmbeddedModel;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.onnx.pipeline.encoders.ClipTowers;
import dev.rlcm.random.RandomStreams;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The stage of the judge: a CLIP for a folder's pictures, which rewards and {@code Quality} load. */
@Command(
        name = "train-clip",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Trains a CLIP, both towers and the logit scale, on a folder of captioned pictures, with the"
                + " architecture of another.")
public final class TrainClip implements Callable<Integer> {
    /** As emoji-clip was trained. */
    private static final StageOptions.Defaults DEFAULTS = new StageOptions.Defaults(96, 2e-3, 0.98, 0.02, 0.98);

    @Option(
            names = "--model",
            paramLabel = "DIR",
            description = "A CLIP's directory, as Optimum exports it. Default: the embedded emoji-clip.")
    private @Nullable Path model;

    @Mixin
    private StageOptions options = new StageOptions(DEFAULTS);

    @Option(
            names = "--labels",
            split = ",",
            paramLabel = "FIELD",
            description = "Fields of the metadata that say what captions say. A picture fits every caption all of whose"
                    + " fields it shares, and CLIP has to recognise them. Default: animal,scene.")
    private List<String> labels = new ArrayList<>(List.of("animal", "scene"));

    @Option(
            names = "--vae",
            paramLabel = "DIR",
            description =
                    "A latent consistency model. Half of the pictures pass through its VAE, with a little noise on"
                            + " their latents, so that CLIP judges what it draws. Default: none do.")
    private @Nullable Path vae;

    @Option(
            names = "--latent-noise",
            description = "Standard deviation of that noise, where latents have 1. Default: ${DEFAULT-VALUE}.")
    private double latentNoise = 0.1;

    @Option(
            names = "--pixel-noise",
            description =
                    "Standard deviation of the noise that half of the pictures get, where white is 1. Default: ${DEFAULT-VALUE}.")
    private double pixelNoise = 0.05;

    @Option(
            names = "--logit-scale",
            description = "Logarithm of what cosines are multiplied with at first; 4.6052 for published CLIPs, whose"
                    + " exports lack it. Default: logit_scale of config.json, else 2.6592.")
    private @Nullable Double logitScale;

    @Option(
            names = "--largest-logit-scale",
            description = "Its bound; 4.6052 is that of published CLIPs. Default: ${DEFAULT-VALUE}.")
    private double largestLogitScale = 4;

    @Spec
    private CommandSpec spec;

    public static void main(String[] args) {
        Cli.run(new TrainClip(), args);
    }

    @Override
    public Integer call() throws IOException {
        Check.that(
                options.batch() >= 2,
                "--batch",
                "at least 2, since the loss compares the pictures of a batch with each other",
                options.batch());
        Check.notNegative("--latent-noise", latentNoise);
        Check.notNegative("--pixel-noise", pixelNoise);
        PictureBatches pictures = options.pictures();
        pictures.requireCaptions();
        boolean begins = StageRun.begin(this::copy, options);
        RandomStreams random = options.random().at("clip");
        try (Backend backend = options.openBackend();
                Clip clip = Clip.load(options.out(), options.batch())) {
            if (begins) {
                start(clip, random);
            }
            LatentConsistencyModel drawing = vae == null ? null : LatentConsistencyModel.load(vae, backend);
            ClipTask task = new ClipTask(
                    clip,
                    pictures,
                    new CaptionMatches(labels),
                    new Disturbance(drawing, latentNoise, pixelNoise),
                    largestLogitScale,
                    options.averageDecay(),
                    new Recognition(options.out(), labels, options::openBackend),
                    random);
            if (begins) {
                task.save(Map.of()); // what is measured first is what the files hold
            }
            StageRun.execute(
                    task,
                    options.training(),
                    options,
                    backend,
                    spec.commandLine().getOut());
        }
        return 0;
    }

    private void copy(Path directory) throws IOException {
        Path source = model != null ? model : EmbeddedModel.emojiClip();
        ClipTowers.open(source).close(); // refuses before anything is written
        ClipTowers.copy(source, directory);
    }

    private void start(Clip clip, RandomStreams random) throws IOException {
        if (options.isFromScratch()) {
            clip.drawWeights(random);
        }
        double scale = logitScale != null ? logitScale : clip.logScale();
        Check.that(
                scale <= largestLogitScale,
                "the logit scale to begin with",
                "at most --largest-logit-scale, " + largestLogitScale,
                scale);
        clip.setLogScale(scale);
    }
}
