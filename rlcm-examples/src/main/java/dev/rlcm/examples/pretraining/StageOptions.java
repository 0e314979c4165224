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
            names = "--from-scratch",
            description =
                    "Draw the weights anew and take only the architecture from the model. Default: continue from the model's"
                            + " weights.")
    private boolean fromScratch;

    @Option(names = "--steps", required = true, description = "Optimiser steps in all.")
    private long steps;

    @Option(names = "--batch", description = "Pictures in a batch. Default: ${DEFAULT-VALUE}.")
    private int batch = 32;

    @Option(
            names = "--learning-rate",
            description =
                    "After a warm-up of a thirtieth of the steps; falls along a cosine. Default: ${DEFAULT-VALUE}.")
    private double learningRate = 1e-3;

    @Option(
            names = "--average-decay",
            description = "Of the moving average of the weights that is measured and kept. Default: ${DEFAULT-VALUE}.")
    private double averageDecay = 0.999;

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

    Backend openBackend() {
        return Devices.open(device);
    }

    PictureBatches pictures() throws IOException {
        return new PictureBatches(ImageFolder.open(data), batch, StageTask.HELD_OUT, random().at("pictures"));
    }

    RandomStreams random() {
        return RandomStreams.seeded(seed);
    }

    /** AdamW with betas 0.9 and 0.99 and weight decay of matrices, as the embedded model was trained with. */
    SupervisedConfig training(double weightDecay) {
        AdamWConfig adam = AdamWConfig.defaults()
                .withLearningRate(learningRate)
                .withBetas(0.9, 0.99)
                .withWeightDecay(weightDecay);
        return SupervisedConfig.steps(steps).withOptimizer(ParameterGroups.decayingMatrices(adam));
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
        Check.atLeast(1, "--measure-every", measureEvery);
        Check.notNegative("--learning-rate", learningRate);
        Check.that(averageDecay >= 0 && averageDecay < 1, "--average-decay", "in [0, 1)", averageDecay);
    }
}
