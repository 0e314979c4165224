package dev.rlcm.examples.bench;

import dev.rlcm.backend.Backend;
import dev.rlcm.examples.options.TrainOptions;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.precision.Precision;
import dev.rlcm.rewards.JpegCompressibility;
import dev.rlcm.train.Trainer;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Some epochs of the training command, with its settings and seed, to be run on several devices. */
final class ShortTraining {
    private final Path model;
    private final int epochs;

    ShortTraining(Path model, int epochs) {
        this.model = model;
        this.epochs = epochs;
    }

    /** An epoch's mean reward, the estimate of its KL divergence, and how long it took. */
    record Epoch(double reward, double kl, double seconds) {}

    /** What happened in a training. */
    record Course(List<Epoch> epochs) {}

    /** The training command with its default settings, for some epochs. */
    static Trainer trainer(LatentConsistencyModel network, Backend backend, int epochs) throws IOException {
        TrainOptions defaults = new TrainOptions();
        ConsistencyPolicy policy = network.policy(defaults.lora(), defaults.plan());
        return new Trainer(
                policy,
                PpoOptimizer.of(policy, defaults.ppo(), defaults.objective(network, policy, backend)),
                new JpegCompressibility(),
                defaults.trainingPrompts(),
                defaults.trainer().withEpochs(epochs));
    }

    Course run(Backend backend, Precision precision) throws IOException, InterruptedException {
        LatentConsistencyModel network =
                LatentConsistencyModel.load(model, backend).withPrecision(precision);
        Trainer trainer = trainer(network, backend, epochs);
        List<Epoch> course = new ArrayList<>();
        trainer.run(report -> course.add(new Epoch(
                report.rewardMean(),
                report.update().approxKl(),
                report.totalTime().toNanos() * 1e-9)));
        return new Course(course);
    }

    /** A column for each training. The first epoch of each compiles its graphs. */
    static void print(PrintWriter out, Map<String, Course> courses) {
        out.printf("%-22s", "training, mean reward");
        courses.keySet().forEach(name -> out.printf(" %9s", name));
        out.println();
        int epochs = courses.values().iterator().next().epochs().size();
        for (int i = 0; i < epochs; i++) {
            int epoch = i;
            out.printf("  epoch %-14d", epoch);
            courses.values()
                    .forEach(course ->
                            out.printf(" %9.4f", course.epochs().get(epoch).reward()));
            out.println();
        }
        out.printf("  %-20s", "KL, last epoch");
        courses.values()
                .forEach(course ->
                        out.printf(" %9.1e", course.epochs().get(epochs - 1).kl()));
        out.println();
        out.printf("  %-20s", "seconds, last epoch");
        courses.values()
                .forEach(course ->
                        out.printf(" %9.2f", course.epochs().get(epochs - 1).seconds()));
        out.printf("%n%n");
        out.flush();
    }
}
