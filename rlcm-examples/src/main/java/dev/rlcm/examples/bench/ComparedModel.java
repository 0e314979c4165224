package dev.rlcm.examples.bench;

import dev.rlcm.backend.Backend;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.TensorData;
import dev.rlcm.lora.LoraAdapter;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.mdp.LatentConsistencySchedule;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.optim.LossScaling;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.ppo.PolicyLosses;
import dev.rlcm.ppo.PpoConfig;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.precision.Precision;
import dev.rlcm.random.RandomStreams;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** A model whose sampling and training is to be compared between devices: the same weights, inputs and noise everywhere. */
final class ComparedModel {
    static final String OUTPUT = "output";
    static final String LOG_PROB = "log_prob";
    static final String LOSS = "loss";

    /** What the names of gradients begin with. */
    static final String GRADIENT = "gradient.";

    private static final RandomStreams RANDOM = RandomStreams.seeded(3).at("compare");
    private static final int STEPS = 4;
    private static final double GUIDANCE = 3;

    /** Of the adapter's second factors, so that gradients of the first are not zero. */
    private static final double DEVIATION = 0.02;

    /** Of the clip range, which the loss does not use: ratios of rounded log-probabilities are no reason to warn. */
    private static final double WIDE = 0.5;

    private final Path directory;
    private final int rows;
    private final LoraConfig lora;

    /** @param directory a model as Optimum exports it, or a network without weights beside a fill.json */
    ComparedModel(Path directory, int rows, int rank) throws IOException {
        this.directory = directory;
        this.rows = rows;
        this.lora = LoraConfig.rank(rank);
        if (isSkeleton()) {
            SkeletonWeights.of(directory).write(directory);
        }
    }

    /** Whether it has no trained weights, so that there is nothing to train for. */
    boolean isSkeleton() {
        return Files.exists(directory.resolve("fill.json"));
    }

    private ConsistencyPolicy policy(Backend backend, Precision precision) throws IOException {
        SamplingPlan plan = SamplingPlan.steps(STEPS).withBatch(rows).withGuidance(GUIDANCE);
        if (isSkeleton()) {
            int batch = SkeletonWeights.of(directory).batch();
            return new SkeletonModel(directory, batch, precision)
                    .policy(LatentConsistencySchedule.defaults(), plan, lora, backend);
        }
        return LatentConsistencyModel.load(directory, backend)
                .withPrecision(precision)
                .policy(lora, plan);
    }

    /** Trajectories for {@link #compute} to compute on. */
    Rollout rollout(Backend backend) throws IOException {
        try (ConsistencyPolicy policy = policy(backend, Precision.FLOAT32)) {
            perturb(policy.adapter());
            return policy.rollout(Collections.nCopies(rows, "a cat at night"), RANDOM);
        }
    }

    /**
     * The sampler's output, and the log-probabilities, the loss and the gradients of an update's last minibatch, as training
     * computes them: FLOAT32, by name. The loss is importance-weighted, which unlike the clipped one is smooth.
     *
     * @param backend left open
     */
    Map<String, TensorData> compute(OrtBackend backend, Precision precision, Rollout rollout) throws IOException {
        TimedBackend recording = new TimedBackend(backend);
        Map<String, TensorData> results = new LinkedHashMap<>();
        LossScaling scaling = LossScaling.defaults();
        double scale = precision == Precision.FLOAT16 ? scaling.initial() : 1;
        try (ConsistencyPolicy policy = policy(recording, precision)) {
            perturb(policy.adapter());
            TimedExecutable sampler = recording.last();
            Map<String, TensorData> inputs =
                    Noise.inputs(sampler.graph(), RANDOM, policy.adapter().tensors());
            results.put(OUTPUT, sampler.run(inputs).values().iterator().next());
            PpoConfig config = PpoConfig.defaults()
                    .withMinibatch(rows)
                    .withClipRange(WIDE)
                    .withTrajectoriesPerStep(rows)
                    .withLossScaling(scaling);
            try (PpoOptimizer ppo = PpoOptimizer.of(policy, config, PolicyLosses.importanceWeighted())) {
                ppo.update(rollout, advantages());
                recording.last().lastOutputs().forEach((name, tensor) -> {
                    double factor = name.startsWith(GRADIENT) ? 1 / scale : 1;
                    results.put(
                            name,
                            TensorData.generate(DataType.FLOAT32, tensor.shape(), i -> factor * tensor.getDouble(i)));
                });
            }
        }
        return results;
    }

    /** All of one sign, so that the loss is not a difference of large numbers. */
    private double[] advantages() {
        return IntStream.range(0, rows).mapToDouble(i -> 1 + (double) i / rows).toArray();
    }

    private static void perturb(LoraAdapter adapter) {
        List<String> seconds = adapter.sites().stream().map(site -> site.keyB()).toList();
        for (String key : seconds) {
            TensorData factor = adapter.tensors().get(key);
            float[] draws = RANDOM.at(key).gaussians(factor.size());
            IntStream.range(0, draws.length).forEach(i -> factor.setDouble(i, DEVIATION * draws[i]));
        }
    }
}
