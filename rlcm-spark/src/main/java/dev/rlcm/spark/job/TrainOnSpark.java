package dev.rlcm.spark.job;

import dev.rlcm.examples.options.Cli;
import dev.rlcm.examples.options.TrainOptions;
import dev.rlcm.examples.run.StopSignal;
import dev.rlcm.spark.ClusterTraining;
import dev.rlcm.spark.HadoopCheckpoints;
import dev.rlcm.train.EpochReport;
import dev.rlcm.train.Trainer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * The training command on a Spark cluster: submitted by {@code spark-submit}, or started with {@code --master local[2]}. Submitted
 * again with the same checkpoint, it goes on where that was written.
 */
@Command(
        name = "train-on-spark",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description =
                "Fine-tunes a latent consistency model for a reward on a Spark cluster. Options of the training command"
                        + " follow after --.")
public final class TrainOnSpark implements Callable<Integer> {
    private static final Logger log = LoggerFactory.getLogger(TrainOnSpark.class);

    @Option(names = "--master", paramLabel = "URL", description = "Spark's master. Default: that of spark-submit.")
    private @Nullable String master;

    @Option(
            names = "--adapter",
            paramLabel = "URI",
            required = true,
            description = "Where the adapter goes, on any file system of Hadoop.")
    private String adapter = "";

    @Option(
            names = "--checkpoint",
            paramLabel = "URI",
            description =
                    "Where checkpoints go. If there is one, the run continues from it. Default: none are written.")
    private @Nullable String checkpoint;

    @Option(
            names = "--checkpoint-every",
            paramLabel = "N",
            description = "Epochs between checkpoints. Default: ${DEFAULT-VALUE}.")
    private int checkpointEvery = 10;

    @Parameters(paramLabel = "OPTION", description = "Of the training command, such as --epochs 100 --reward jpeg.")
    private List<String> training = new ArrayList<>();

    public static void main(String[] args) {
        Cli.run(new TrainOnSpark(), args);
    }

    @Override
    public Integer call() throws Exception {
        if (checkpointEvery < 1) {
            throw new IllegalArgumentException("checkpoint-every must be at least 1, got " + checkpointEvery);
        }
        SparkConf conf = new SparkConf().setIfMissing("spark.app.name", "rlcm");
        if (master != null) {
            conf.setMaster(master);
        }
        try (JavaSparkContext spark = new JavaSparkContext(conf)) {
            CommandLineSetup setup = new CommandLineSetup(arguments(conf));
            TrainOptions options = setup.options();
            try (ClusterTraining cluster = ClusterTraining.open(spark, setup)) {
                Trainer trainer = new Trainer(
                        cluster.policy(),
                        cluster.optimizer(),
                        cluster.reward(),
                        options.trainingPrompts(),
                        options.trainer(),
                        options.advantages(cluster.policy(), cluster.reward()));
                HadoopCheckpoints files = new HadoopCheckpoints(spark.hadoopConfiguration());
                try (StopSignal signal = StopSignal.install(trainer::stop)) {
                    train(trainer, files);
                }
                files.write(adapter, cluster.policy().adapter()::save);
            }
        }
        return 0;
    }

    /** All executors have to compute with as many threads, so that is not left to their cores. */
    private ArrayList<String> arguments(SparkConf conf) {
        ArrayList<String> arguments = new ArrayList<>(training);
        if (!arguments.contains("--threads")) {
            arguments.add("--threads");
            arguments.add(conf.get("spark.task.cpus", "1"));
        }
        return arguments;
    }

    private void train(Trainer trainer, HadoopCheckpoints files) throws IOException, InterruptedException {
        String place = checkpoint;
        if (place != null && files.exists(place)) {
            files.resume(place, trainer);
            log.info("Continues after {} epochs from {}", trainer.epochsDone(), place);
        }
        trainer.run(report -> {
            log(report);
            if (place != null && trainer.epochsDone() % checkpointEvery == 0) {
                save(trainer, files, place);
            }
        });
        if (place != null) {
            files.write(place, trainer::save);
        }
    }

    private static void save(Trainer trainer, HadoopCheckpoints files, String place) {
        try {
            files.write(place, trainer::save);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void log(EpochReport report) {
        log.info(
                "Epoch {}: reward {} +- {}, KL {}, sampling {} ms, {} optimiser steps {} ms, of which executors computed {} ms",
                report.epoch(),
                report.rewardMean(),
                report.rewardStd(),
                report.update().approxKl(),
                report.samplingTime().toMillis(),
                report.update().steps().applied(),
                report.update().time().total().toMillis(),
                report.update().time().network().toMillis());
    }
}
