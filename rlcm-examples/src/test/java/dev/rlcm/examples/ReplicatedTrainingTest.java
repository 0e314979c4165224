package dev.rlcm.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.backend.Backend;
import dev.rlcm.examples.options.TrainOptions;
import dev.rlcm.lora.LoraAdapter;
import dev.rlcm.onnx.pipeline.LatentModel;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.train.Trainer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** The main job on replicas of one thread each: their number is not seen in the adapter. */
class ReplicatedTrainingTest {
    private static List<List<Double>> train(int replicas) throws Exception {
        TrainOptions options = new TrainOptions();
        CommandLine.populateCommand(
                options,
                ("--replicas " + replicas + " --threads 1 --epochs 5 --steps 2 --trajectories 7 --rank 2"
                                + " --samples-per-prompt 1 --sample-batch 2 --minibatch 2")
                        .split(" "));
        try (Backend backend = options.openBackend()) {
            assertThat(backend.replicas()).hasSize(replicas);
            LatentModel model = options.load(backend);
            ConsistencyPolicy policy = model.policy(options.lora(), options.plan());
            PpoOptimizer ppo = PpoOptimizer.of(
                    policy, options.ppo().withTrajectoriesPerStep(5), options.objective(model, policy, backend));
            List<List<Double>> rewards = new ArrayList<>();
            new Trainer(policy, ppo, options.reward(backend), options.trainingPrompts(), options.trainer())
                    .run(report -> {
                        List<Double> epoch = new ArrayList<>();
                        for (double reward : report.rewards()) {
                            epoch.add(reward);
                        }
                        rewards.add(epoch);
                    });
            rewards.add(weights(policy.adapter()));
            return rewards;
        }
    }

    private static List<Double> weights(LoraAdapter adapter) {
        List<Double> weights = new ArrayList<>();
        adapter.tensors().values().forEach(tensor -> {
            for (double value : tensor.toDoubles()) {
                weights.add(value);
            }
        });
        return weights;
    }

    @Test
    void twoAndThreeReplicasGiveTheBitsOfOne() throws Exception {
        List<List<Double>> one = train(1);
        assertThat(one).hasSize(6);
        assertThat(train(2)).isEqualTo(one);
        assertThat(train(3)).isEqualTo(one);
    }
}
