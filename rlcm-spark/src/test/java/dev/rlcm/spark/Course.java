package dev.rlcm.spark;

import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.train.Prompts;
import dev.rlcm.train.Trainer;
import dev.rlcm.train.TrainerConfig;
import dev.rlcm.train.TrainingListener;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * What a training came to.
 *
 * @param rewards epoch by epoch
 * @param weights of the adapter
 */
record Course(List<List<Double>> rewards, List<Double> weights) {
    /** Without a cluster. */
    static Course alone(TestSetup setup, int epochs) throws IOException, InterruptedException {
        try (ClusterModel model = setup.open()) {
            ConsistencyPolicy policy = model.policy();
            PpoOptimizer ppo = PpoOptimizer.of(policy, model.ppo(), model.objective(policy));
            return run(trainer(policy, ppo, model.reward(), epochs), policy, report -> {});
        }
    }

    /** On a cluster. */
    static Course on(JavaSparkContext spark, TestSetup setup, int epochs, TrainingListener listener)
            throws IOException, InterruptedException {
        try (ClusterTraining cluster = ClusterTraining.open(spark, setup)) {
            return run(
                    trainer(cluster.policy(), cluster.optimizer(), cluster.reward(), epochs),
                    cluster.policy(),
                    listener);
        }
    }

    static Trainer trainer(ConsistencyPolicy policy, PpoOptimizer ppo, RewardFunction reward, int epochs) {
        TrainerConfig config = TrainerConfig.defaults()
                .withEpochs(epochs)
                .withTrajectories(8)
                .withSamplesPerPrompt(2)
                .withSeed(7);
        return new Trainer(policy, ppo, reward, Prompts.of("a cat", "a dog in the sea", "an owl"), config);
    }

    private static Course run(Trainer trainer, ConsistencyPolicy policy, TrainingListener listener)
            throws InterruptedException {
        List<List<Double>> rewards = new ArrayList<>();
        trainer.run(report -> {
            rewards.add(boxed(report.rewards()));
            listener.onEpoch(report);
        });
        List<Double> weights = new ArrayList<>();
        policy.adapter().tensors().values().forEach(tensor -> weights.addAll(boxed(tensor.toDoubles())));
        return new Course(rewards, weights);
    }

    private static List<Double> boxed(double[] values) {
        List<Double> list = new ArrayList<>();
        for (double value : values) {
            list.add(value);
        }
        return list;
    }
}
