package dev.rlcm.examples.pretraining;

import dev.rlcm.backend.Backend;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.examples.options.ModelDirectoryOption;
import dev.rlcm.random.RandomStreams;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * The stage of the autoencoder. Its directory is that of the model with another VAE. Unless the decoder alone is trained, the model's UNet
 * does not fit that VAE, and the next stage has to train one.
 */
@Command(
        name = "train-vae",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Trains a variational autoencoder on a folder of pictures, with the architecture of a model's.")
public final class TrainVae implements Callable<Integer> {
    private static final double WEIGHT_DECAY = 1e-4;

    @Mixin
    private ModelDirectoryOption model = new ModelDirectoryOption();

    @Mixin
    private StageOptions options = new StageOptions(StageOptions.Defaults.ofDiffusion(WEIGHT_DECAY));

    @Option(
            names = "--decoder-only",
            description = "Leave the encoder as it is, and with it the latents, so that UNets remain what they are.")
    private boolean decoderOnly;

    @Spec
    private CommandSpec spec;

    public static void main(String[] args) {
        Cli.run(new TrainVae(), args);
    }

    @Override
    public Integer call() throws IOException {
        PictureBatches pictures = options.pictures();
        boolean begins = StageRun.begin(model.open()::copyTo, options);
        Vae vae = Vae.load(options.out(), pictures.shape());
        RandomStreams random = options.random().at("vae");
        if (begins && options.isFromScratch()) {
            vae.decoder().drawWeights(random.at("decoder"));
            if (!decoderOnly) {
                vae.encoder().drawWeights(random.at("encoder"));
            }
        }
        VaeTask task =
                new VaeTask(vae, pictures, ReconstructionLoss.defaults(), decoderOnly, options.averageDecay(), random);
        try (Backend backend = options.openBackend()) {
            StageRun.execute(
                    task,
                    options.training(),
                    options,
                    backend,
                    spec.commandLine().getOut());
        }
        return 0;
    }
}
