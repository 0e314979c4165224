package dev.rlcm.examples.bench;

import dev.rlcm.examples.options.TrainOptions;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import dev.rlcm.lora.LoraInjection;
import dev.rlcm.onnx.Traffic;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Prompt;
import dev.rlcm.train.Trainer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** What is measured of one model. Each measurement loads the model anew and frees it, so that none disturbs the next. */
final class Measurements {
    private static final RandomStreams RANDOM = RandomStreams.seeded(0).at("benchmark");

    private final TrainOptions defaults = new TrainOptions();
    private final Path model;
    private final RuntimeOptions runtime;
    private final int batch;
    private final int repeats;

    Measurements(Path model, RuntimeOptions runtime, int batch, int repeats) {
        this.model = model;
        this.runtime = runtime;
        this.batch = batch;
        this.repeats = repeats;
    }

    /** Nodes of graphs, the times of their runs, in turns, so that all see the same disturbances, and the memory of it. */
    record Steps(Times plain, Step forward, Step update, Collection<TensorData> factors, double deviceGigabytes) {}

    /** One of them: the graph's nodes, times, and what a run copies. */
    record Step(long nodes, Times times, Traffic traffic) {}

    /**
     * The forward pass of B rows with adapter, by ONNX Runtime alone and as the sampler does it, and the run of the update
     * graph on as many transitions.
     */
    Steps steps() throws IOException {
        DeviceMemory memory = DeviceMemory.from(runtime.cudaDevice());
        TimedBackend backend = backend();
        LatentConsistencyModel network = load(backend);
        ConsistencyPolicy policy = network.policy(defaults.lora(), plan(2));
        try (Passes passes = new Passes(backend, policy, defaults.ppo(), prompts(batch))) {
            Graph graph = LoraInjection.inject(network.denoiser(batch), defaults.lora())
                    .graph();
            double taken = memory.growth();
            Times plainTimes = new Times();
            Times forwardTimes = new Times();
            Times updateTimes = new Times();
            try (PlainRuntime plain = new PlainRuntime(graph, passes.inputs(), runtime)) {
                plain.runNanos();
                for (int i = 0; i < repeats; i++) {
                    plainTimes.add(plain.runNanos());
                    forwardTimes.add(passes.forward());
                    updateTimes.add(passes.update());
                }
            }
            return new Steps(
                    plainTimes,
                    new Step(passes.forwardNodes(), forwardTimes, passes.forwardTraffic()),
                    new Step(passes.updateNodes(), updateTimes, passes.updateTraffic()),
                    policy.adapter().tensors().values(),
                    taken);
        }
    }

    /** Times of sampling and decoding B pictures. */
    Times rollouts(int steps) throws IOException {
        try (TimedBackend backend = backend()) {
            ConsistencyPolicy policy = load(backend).policy(defaults.lora(), plan(steps));
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
            Trainer trainer = ShortTraining.trainer(load(backend), backend, count + 1);
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
        return new TimedBackend(runtime.open(runtime.toOrtOptions()));
    }

    private LatentConsistencyModel load(TimedBackend backend) throws IOException {
        LatentConsistencyModel network = LatentConsistencyModel.load(model, backend);
        return runtime.precision().map(network::withPrecision).orElse(network);
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
}
