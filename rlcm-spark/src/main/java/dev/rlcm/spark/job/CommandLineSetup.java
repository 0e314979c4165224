package dev.rlcm.spark.job;

import dev.rlcm.backend.Backend;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.examples.options.TrainOptions;
import dev.rlcm.onnx.pipeline.LatentModel;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.ppo.Objective;
import dev.rlcm.ppo.PpoConfig;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.spark.ClusterModel;
import dev.rlcm.spark.ClusterSetup;
import dev.rlcm.spark.Fingerprints;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.SparkFiles;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParameterException;

/**
 * The model that the options of the training command ask for. The options travel to the executors and are read there.
 *
 * @param arguments of {@link TrainOptions} alone
 */
record CommandLineSetup(ArrayList<String> arguments) implements ClusterSetup {
    private static final String MODEL = "--model";

    /** What reads the options. */
    @Command(name = "train", mixinStandardHelpOptions = true)
    private static final class Training {
        @Mixin
        private final TrainOptions options = new TrainOptions();
    }

    /**
     * The options as this process reads them.
     *
     * @throws IllegalArgumentException if they cannot be understood
     */
    TrainOptions options() {
        Training training = new Training();
        try {
            Cli.commandLine(training).parseArgs(located().toArray(String[]::new));
        } catch (ParameterException e) {
            throw new IllegalArgumentException("the options of the training command: " + e.getMessage(), e);
        }
        return training.options;
    }

    /** A model directory that is not on this machine's paths is one that was shipped with --files or --archives. */
    private List<String> located() {
        List<String> located = new ArrayList<>(arguments);
        int model = located.indexOf(MODEL) + 1;
        if (model > 0 && model < located.size() && !Files.exists(Path.of(located.get(model)))) {
            located.set(model, SparkFiles.get(located.get(model)));
        }
        return located;
    }

    @Override
    public ClusterModel open() throws IOException {
        TrainOptions options = options();
        Backend backend = options.openBackend();
        try {
            LatentModel model = options.load(backend);
            return new Opened(options, backend, model, options.reward(backend));
        } catch (IOException | RuntimeException e) {
            backend.close();
            throw e;
        }
    }

    /** See {@link ClusterModel}. */
    private record Opened(TrainOptions options, Backend backend, LatentModel model, RewardFunction reward)
            implements ClusterModel {
        @Override
        public ConsistencyPolicy policy() {
            return model.policy(options.lora(), options.plan(), RandomStreams.seeded(options.seed()));
        }

        @Override
        public Objective objective(ConsistencyPolicy policy) throws IOException {
            return options.objective(model, policy, backend);
        }

        @Override
        public PpoConfig ppo() {
            return options.ppo();
        }

        @Override
        public String fingerprint() {
            try {
                return Fingerprints.ofFiles(model.directory().root());
            } catch (IOException e) {
                throw new UncheckedIOException("cannot read the model's files: " + e.getMessage(), e);
            }
        }

        @Override
        public void close() {
            backend.close();
        }
    }
}
