package dev.rlcm.examples.pretraining;

import dev.rlcm.backend.Backend;
import dev.rlcm.check.Check;
import dev.rlcm.examples.models.EmbeddedModel;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.onnx.pipeline.LatentDiffusionModel;
import dev.rlcm.onnx.pipeline.ModelDirectory;
import dev.rlcm.random.RandomStreams;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The stage of text encoder and UNet, which make a diffusion model of the VAE. Its directory is a whole model, which {@code Distill} takes. */
@Command(
        name = "train-teacher",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description =
                "Trains a latent diffusion model, its text encoder included, on a folder of captioned pictures, with the"
                        + " architecture and the VAE of a model.")
public final class TrainTeacher implements Callable<Integer> {
    private static final double WEIGHT_DECAY = 1e-3;
    private static final String LATENTS = "latents.bin";

    @Option(
            names = "--model",
            paramLabel = "DIR",
            description = "A diffusion model's directory. Default: the embedded emoji model's teacher.")
    private @Nullable Path model;

    @Option(
            names = "--shared",
            paramLabel = "DIR",
            description = "Holds the components that the model's directory lacks, such as the VAE of the stage before."
                    + " Default: the embedded emoji model, or the model itself if one is given.")
    private @Nullable Path shared;

    @Mixin
    private StageOptions options = new StageOptions(StageOptions.Defaults.ofDiffusion(WEIGHT_DECAY));

    @Option(
            names = "--drop",
            paramLabel = "SHARE",
            description = "Captions that are replaced by the empty text, for guidance. Default: ${DEFAULT-VALUE}.")
    private double dropped = 0.1;

    @Spec
    private CommandSpec spec;

    public static void main(String[] args) {
        Cli.run(new TrainTeacher(), args);
    }

    @Override
    public Integer call() throws IOException {
        Check.that(dropped >= 0 && dropped < 1, "--drop", "in [0, 1)", dropped);
        PictureBatches pictures = options.pictures();
        boolean begins = StageRun.begin(source()::copyTo, options);
        ModelDirectory directory = ModelDirectory.open(options.out());
        int rows = pictures.shape().dim(0);
        RandomStreams random = options.random().at("teacher");
        try (Backend backend = options.openBackend();
                CaptionEncoder captions = CaptionEncoder.load(directory, rows)) {
            LatentDiffusionModel diffusion =
                    LatentDiffusionModel.load(directory, backend).trainable();
            TrainableNetwork unet = TrainableNetwork.of(
                    "unet",
                    directory.denoiser(),
                    diffusion
                            .unguided()
                            .denoiser(rows)
                            .outputs()
                            .values()
                            .iterator()
                            .next(),
                    diffusion.weights());
            if (begins && options.isFromScratch()) {
                captions.network().drawWeights(random.at("text encoder"));
                unet.drawWeights(random.at("unet"));
            }
            int size = Math.toIntExact(diffusion.latentShape().size());
            try (LatentStore latents = LatentStore.open(options.out().resolve(LATENTS), pictures.size(), size)) {
                TeacherTask task = new TeacherTask(
                        diffusion, unet, captions, pictures, latents, dropped, options.averageDecay(), random);
                StageRun.execute(
                        task,
                        options.training(),
                        options,
                        backend,
                        spec.commandLine().getOut());
            }
        }
        return 0;
    }

    private ModelDirectory source() throws IOException {
        if (model == null) {
            return ModelDirectory.open(EmbeddedModel.emojiLdm(), shared != null ? shared : EmbeddedModel.emojiLcm());
        }
        return ModelDirectory.open(model, shared != null ? shared : model);
    }
}
