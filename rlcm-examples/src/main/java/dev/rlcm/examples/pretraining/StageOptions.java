package dev.rlcm.examples.pretraining;

import dev.rlcm.backend.Backend;
import dev.rlcm.check.Check;
import dev.rlcm.examples.options.Devices;
import dev.rlcm.onnx.pipeline.ImageFolder;
import dev.rlcm.optim.AdamWConfig;
import dev.rlcm.optim.ParameterGroups;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.supervised.SupervisedConfig;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** What the stages have in common. */
final class StageOptions {
    /**
     * What a stage is trained with unless the command says otherwise.
     *
     * @param batch pictures in a batch
     * @param learningRate the largest
     * @param beta2 of AdamW
     * @param weightDecay of matrices
     * @param averageDecay of the weights that are kept
     */
    record Defaults(int batch, double learningRate, double beta2, double weightDecay, double averageDecay) {
        /** As the embedded model's VAE and teacher were trained, but for the numbers of pictures and steps. */
        static Defaults ofDiffusion(double weightDecay) {
            return new Defaults(32, 1e-3, 0.99, weightDecay, 0.999);
        }
    }

    @Option(
            names = "--data",
            required = true,
            paramLabel = "DIR",
            description =
                    "Pictures of one size with a metadata.jsonl: {\"file_name\": \"1.png\", \"text\": \"a cat\"}.")
    private Path data;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "DIR",
            description =
                    "Where networks, metrics and checkpoint go. If it has a checkpoint, the stage goes on from there.")
    private Path out;

    @Option(
            names = {"--from-scratch", "--fresh"},
            description =
                    "Draw the weights anew and take only the architecture from the model. Default: continue from the model's"
                            + " weights.")
    private boolean fromScratch;

    @Option(names = "--steps", required = true, description = "Optimiser steps in all.")
    private long steps;

    @Option(names = "--batch", description = "Pictures in a batch. Default: ${DEFAULT-VALUE}.")
    private int batch;

    @Option(
            names = "--accumulation",
            paramLabel = "N",
            description = "Batches of a step, whose gradients are averaged. Default: ${DEFAULT-VALUE}.")
    private int accumulation = 1;

    @Option(
            names = "--learning-rate",
            description =
                    "After a warm-up of a thirtieth of the steps; falls along a cosine. Default: ${DEFAULT-VALUE}.")
    private double learningRate;

    @Option(
            names = "--average-decay",
            description = "Of the moving average of the weights that is measured and kept. Default: ${DEFAULT-VALUE}.")
    private double averageDecay;

    @Option(
            names = "--measure-every",
            paramLabel = "N",
            description =
                    "Steps between measurements on pictures that are held out, after which networks and checkpoint are"
                            + " written. Default: ${DEFAULT-VALUE}.")
    private int measureEvery = 500;

    @Option(names = "--seed", description = "Of everything that is random. Default: ${DEFAULT-VALUE}.")
    private long seed = 1;

    @Option(names = "--device", description = Devices.NAMES + ". Default: ${DEFAULT-VALUE}.")
    private String device = "cpu";

    private final Defaults defaults;

    StageOptions(Defaults defaults) {
        this.defaults = defaults;
        this.batch = defaults.batch();
        this.learningRate = defaults.learningRate();
        this.averageDecay = defaults.averageDecay();
    }

    Backend openBackend() {
        return Devices.open(device);
    }

    PictureBatches pictures() throws IOException {
        return new PictureBatches(ImageFolder.open(data), batch, StageTask.HELD_OUT, random().at("pictures"));
    }

    RandomStreams random() {
        return RandomStreams.seeded(seed);
    }

    /** AdamW with weight decay of matrices. */
    SupervisedConfig training() {
        AdamWConfig adam = AdamWConfig.defaults()
                .withLearningRate(learningRate)
                .withBetas(0.9, defaults.beta2())
                .withWeightDecay(defaults.weightDecay());
        return SupervisedConfig.steps(steps)
                .withAccumulation(accumulation)
                .withOptimizer(ParameterGroups.decayingMatrices(adam));
    }

    int batch() {
        return batch;
    }

    Path out() {
        return out;
    }

    boolean isFromScratch() {
        return fromScratch;
    }

    double averageDecay() {
        return averageDecay;
    }

    int measureEvery() {
        return measureEvery;
    }

    /** @throws IllegalArgumentException if a number is out of range */
    void check() {
        Check.atLeast(1, "--steps", steps);
        Check.atLeast(1, "--accumulation", accumulation);
        Check.atLeast(1, "--measure-every", measureEvery);
        Check.notNegative("--learning-rate", learningRate);
        Check.that(averageDecay >= 0 && averageDecay < 1, "--average-decay", "in [0, 1)", averageDecay);
    }
}
