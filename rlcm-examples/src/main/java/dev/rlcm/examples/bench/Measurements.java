package dev.rlcm.examples.bench;

import dev.rlcm.compilation.Lowering;
import dev.rlcm.examples.options.TrainOptions;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.lora.LoraInjection;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.OrtOptions;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.optim.AdamWConfig;
import dev.rlcm.policy.ConsistencyModel;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Prompt;
import dev.rlcm.rewards.JpegCompressibility;
import dev.rlcm.train.Trainer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What is measured of one model. Each measurement loads the model anew and frees it, so that none disturbs the next. */
final class Measurements {
    private static final RandomStreams RANDOM = RandomStreams.seeded(0).at("benchmark");

    /** So that the policy stays the one that the rollout is of. */
    private static final double STANDSTILL = 1e-30;

    private final TrainOptions defaults = new TrainOptions();
    private final Path model;
    private final OrtOptions options;
    private final int batch;
    private final int repeats;

    Measurements(Path model, OrtOptions options, int batch, int repeats) {
        this.model = model;
        this.options = options;
        this.batch = batch;
        this.repeats = repeats;
    }

    /** Nodes of graphs and the times of their runs, in turns, so that all see the same disturbances. */
    record Steps(Times plain, long forwardNodes, Times forward, long updateNodes, Times update) {}

    /**
     * The forward pass of B rows with adapter, by ONNX Runtime alone and as the sampler does it, and the run of the update
     * graph on as many transitions.
     */
    Steps steps() throws IOException {
        try (TimedBackend backend = backend()) {
            LatentConsistencyModel network = LatentConsistencyModel.load(model, backend);
            ConsistencyPolicy policy = network.policy(defaults.lora(), plan(2));
            Rollout rollout = policy.rollout(prompts(batch), RANDOM);
            double[] advantages = new double[batch];
            for (int i = 0; i < batch; i++) {
                advantages[i] = i % 2 == 0 ? 1 : -1;
            }
            PpoOptimizer ppo = PpoOptimizer.of(
                    policy,
                    defaults.ppo()
                            .withOptimizer(AdamWConfig.defaults().withLearningRate(STANDSTILL))
                            .withTrajectoriesPerStep(batch)
                            .withMinibatch(batch));
            Graph graph = LoraInjection.inject(network.denoiser(batch), defaults.lora())
                    .graph();
            TimedExecutable forward =
                    backend.compile(Lowering.of(backend.memoryPolicy()).forward(graph));
            Map<String, TensorData> inputs = inputs(graph, policy.adapter().tensors());
            Map<String, TensorData> outputs = forward.run(inputs);
            ppo.update(rollout, advantages);
            TimedExecutable update = backend.last();
            Times plainTimes = new Times();
            Times forwardTimes = new Times();
            Times updateTimes = new Times();
            try (PlainRuntime plain = new PlainRuntime(graph, inputs, options)) {
                plain.runNanos();
                for (int i = 0; i < repeats; i++) {
                    plainTimes.add(plain.runNanos());
                    forward.run(inputs, outputs);
                    forwardTimes.add(forward.lastNanos());
                    ppo.update(rollout, advantages);
                    updateTimes.add(update.lastNanos());
                }
            }
            return new Steps(plainTimes, forward.nodes(), forwardTimes, update.nodes(), updateTimes);
        }
    }

    /** Times of sampling and decoding B pictures. */
    Times rollouts(int steps) throws IOException {
        try (TimedBackend backend = backend()) {
            ConsistencyPolicy policy =
                    LatentConsistencyModel.load(model, backend).policy(defaults.lora(), plan(steps));
            List<String> prompts = prompts(batch);
            policy.rollout(prompts, RANDOM);
            Times times = new Times();
            for (int i = 0; i < Math.max(2, repeats / steps); i++) {
                long start = System.nanoTime();
                policy.rollout(prompts, RANDOM);
                times.add(System.nanoTime() - start);
            }
            return times;
        }
    }

    /** One epoch: how long it took, and how much of that the backend's executables. */
    record Epoch(long nanos, long insideNanos) {
        double outsideShare() {
            return 1 - (double) insideNanos / nanos;
        }
    }

    /** Epochs of the training command with its default settings, without those that compile graphs. */
    List<Epoch> epochs() throws IOException, InterruptedException {
        int count = Math.max(2, repeats / 4);
        try (TimedBackend backend = backend()) {
            ConsistencyPolicy policy =
                    LatentConsistencyModel.load(model, backend).policy(defaults.lora(), defaults.plan());
            Trainer trainer = new Trainer(
                    policy,
                    PpoOptimizer.of(policy, defaults.ppo(), defaults.loss()),
                    new JpegCompressibility(),
                    defaults.trainingPrompts(),
                    defaults.trainer().withEpochs(count + 1));
            List<Epoch> epochs = new ArrayList<>();
            long[] before = new long[1];
            trainer.run(report -> {
                epochs.add(new Epoch(report.totalTime().toNanos(), backend.nanos() - before[0]));
                before[0] = backend.nanos();
            });
            return epochs.subList(1, epochs.size());
        }
    }

    private TimedBackend backend() {
        return new TimedBackend(OrtBackend.cpu(options));
    }

    private SamplingPlan plan(int steps) {
        SamplingPlan plan = defaults.plan();
        return SamplingPlan.steps(steps)
                .withGuidance(plan.rollout().guidanceScale())
                .withBatch(batch);
    }

    private List<String> prompts(int count) throws IOException {
        return defaults.trainingPrompts().draw(0, count, RANDOM).stream()
                .map(Prompt::text)
                .toList();
    }

    /** Normal numbers at the noisiest timesteps, and the adapter's weights. */
    private static Map<String, TensorData> inputs(Graph graph, Map<String, TensorData> factors) {
        Map<String, TensorData> inputs = new LinkedHashMap<>();
        for (Value input : graph.inputs()) {
            float[] draws =
                    RANDOM.at(input.label()).gaussians((int) input.shape().size());
            boolean timestep = input.label().equals(ConsistencyModel.TIMESTEP);
            TensorData noise = TensorData.generate(input.type(), input.shape(), i -> timestep ? 999 : draws[i]);
            inputs.put(input.label(), factors.getOrDefault(input.label(), noise));
        }
        return inputs;
    }
}
