package dev.rlcm.examples.bench;

import dev.rlcm.examples.models.EmbeddedModel;
import dev.rlcm.examples.options.TrainOptions;
import dev.rlcm.graph.TensorData;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.mdp.LatentConsistencySchedule;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.OrtOptions;
import dev.rlcm.onnx.Traffic;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.optim.AdamWConfig;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.ppo.PpoConfig;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.precision.Precision;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Prompt;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The two kinds of run that training consists of, a forward pass as the sampler does it and an update step, each to be had at
 * will, on the same number of rows. Not thread-safe. Closing it closes its backend.
 */
public final class Passes implements AutoCloseable {
    private static final RandomStreams RANDOM = RandomStreams.seeded(0).at("benchmark");

    /** So that the policy stays the one that the rollout is of. */
    private static final double STANDSTILL = 1e-30;

    private final TimedBackend backend;
    private final ConsistencyPolicy policy;
    private final TimedExecutable forward;
    private final Map<String, TensorData> inputs;
    private final Map<String, TensorData> outputs;
    private final Rollout rollout;
    private final double[] advantages;
    private final PpoOptimizer ppo;
    private final TimedExecutable update;

    /**
     * Compiles and runs both once.
     *
     * @param policy the last thing that the backend compiled a graph for, of two steps
     */
    Passes(TimedBackend backend, ConsistencyPolicy policy, PpoConfig config, List<String> prompts) {
        this.backend = backend;
        this.policy = policy;
        this.forward = backend.last();
        int rows = prompts.size();
        this.rollout = policy.rollout(prompts, RANDOM);
        this.inputs = Noise.inputs(forward.graph(), RANDOM, policy.adapter().tensors());
        this.outputs = forward.run(inputs);
        this.advantages =
                IntStream.range(0, rows).mapToDouble(i -> i % 2 == 0 ? 1 : -1).toArray();
        this.ppo = PpoOptimizer.of(
                policy,
                config.withOptimizer(AdamWConfig.defaults().withLearningRate(STANDSTILL))
                        .withTrajectoriesPerStep(rows)
                        .withMinibatch(rows));
        ppo.update(rollout, advantages);
        this.update = backend.last();
    }

    /** Of the embedded model, as the training command adapts it. */
    public static Passes embedded(int rows, OrtOptions options) throws IOException {
        TimedBackend backend = new TimedBackend(OrtBackend.cpu(options));
        TrainOptions defaults = new TrainOptions();
        SamplingPlan plan = SamplingPlan.steps(2).withBatch(rows);
        ConsistencyPolicy policy =
                LatentConsistencyModel.load(EmbeddedModel.emojiLcm(), backend).policy(defaults.lora(), plan);
        List<String> prompts = defaults.trainingPrompts().draw(0, rows, RANDOM).stream()
                .map(Prompt::text)
                .toList();
        return new Passes(backend, policy, defaults.ppo(), prompts);
    }

    /**
     * Of a network of pseudo-random weights, with LoRA on the attention layers; writes the weights if they are not there.
     *
     * @param directory holds model.onnx and fill.json
     * @param rank of the adapter
     */
    public static Passes skeleton(Path directory, int rows, int rank, OrtOptions options) throws IOException {
        SkeletonWeights weights = SkeletonWeights.of(directory);
        weights.write(directory);
        SkeletonModel model = new SkeletonModel(directory, weights.batch(), Precision.FLOAT32);
        return skeleton(model, rows, rank, OrtBackend.cpu(options));
    }

    /** As {@link #skeleton(Path, int, int, OrtOptions)}, of a model whose weights are there. */
    static Passes skeleton(SkeletonModel model, int rows, int rank, OrtBackend on) {
        TimedBackend backend = new TimedBackend(on);
        ConsistencyPolicy policy = model.policy(
                LatentConsistencySchedule.defaults(),
                SamplingPlan.steps(2).withBatch(rows),
                LoraConfig.rank(rank),
                backend);
        return new Passes(backend, policy, PpoConfig.defaults(), Collections.nCopies(rows, "noise"));
    }

    /** Runs the network once; returns how long that took, in nanoseconds. */
    public long forward() {
        forward.run(inputs, outputs);
        return forward.lastNanos();
    }

    /** Runs loss and gradients of a minibatch once; returns how long that took, in nanoseconds. */
    public long update() {
        ppo.update(rollout, advantages);
        return update.lastNanos();
    }

    long forwardNodes() {
        return forward.nodes();
    }

    long updateNodes() {
        return update.nodes();
    }

    /** What {@link #forward} computed last. */
    Map<String, TensorData> outputs() {
        return outputs;
    }

    /** What the last forward pass was given and gave back. */
    Traffic forwardTraffic() {
        return forward.lastTraffic();
    }

    /** What the last update was given and gave back. */
    Traffic updateTraffic() {
        return update.lastTraffic();
    }

    ConsistencyPolicy policy() {
        return policy;
    }

    /** What {@link #forward} is fed with. */
    Map<String, TensorData> inputs() {
        return inputs;
    }

    @Override
    public void close() {
        backend.close();
    }
}
