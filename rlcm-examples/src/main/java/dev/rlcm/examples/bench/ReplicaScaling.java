package dev.rlcm.examples.bench;

import dev.rlcm.backend.Backend;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.examples.options.ModelDirectoryOption;
import dev.rlcm.examples.options.TrainOptions;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.parallel.Replicas;
import dev.rlcm.parallel.ReplicatedBackend;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Prompt;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Prints how many pictures a second several replicas of a policy sample and learn from, against one: replicas of one CPU thread
 * each, in turns in one JVM. Both do the same work and come to the same weights, which is checked. Beside them stands what the
 * machine allows: as many policies that share nothing, at work at once.
 */
@Command(
        name = "replica-scaling",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Measures rollouts and updates on several one-thread replicas against one.")
public final class ReplicaScaling implements Callable<Integer> {
    @Mixin
    private ModelDirectoryOption model = new ModelDirectoryOption();

    @Option(names = "--replicas", description = "To compare with one. Default: ${DEFAULT-VALUE}.")
    private int replicas = 2;

    @Option(names = "--pictures", description = "Of a rollout. Default: ${DEFAULT-VALUE}.")
    private int pictures = 32;

    @Option(names = "--sample-batch", description = "Trajectories sampled at once. Default: ${DEFAULT-VALUE}.")
    private int sampleBatch = 4;

    @Option(
            names = "--minibatch",
            description = "Transitions in one run of the update graph. Default: ${DEFAULT-VALUE}.")
    private int minibatch = 6;

    @Option(names = "--steps", description = "Network evaluations of a trajectory. Default: ${DEFAULT-VALUE}.")
    private int steps = 4;

    @Option(names = "--repeats", description = "Times that each is measured. Default: ${DEFAULT-VALUE}.")
    private int repeats = 8;

    @Spec
    private CommandSpec spec;

    public static void main(String[] args) {
        Cli.run(new ReplicaScaling(), args);
    }

    @Override
    public Integer call() {
        if (replicas < 2 || repeats < 1) {
            throw new IllegalArgumentException(
                    "--replicas must be at least 2 and --repeats at least 1, got " + replicas + " and " + repeats);
        }
        PrintWriter out = spec.commandLine().getOut();
        try (Backend one = OrtBackend.cpu(1);
                Backend several = replicated();
                Backend apart = replicated()) {
            Side single = new Side(one);
            Side parallel = new Side(several);
            try (Replicas<Side> separate = Replicas.of(apart, Side::new)) {
                for (int i = 0; i <= repeats; i++) { // the first round compiles and warms up
                    boolean isMeasured = i > 0;
                    single.round(isMeasured);
                    parallel.round(isMeasured);
                    separate.inOrder(replicas, (side, index) -> side.round(isMeasured), side -> {});
                }
                if (!single.weights().equals(parallel.weights())) {
                    throw new IllegalStateException("one replica and " + replicas + " came to different weights");
                }
                print(out, single, parallel, separate.all());
            }
        }
        return 0;
    }

    private Backend replicated() {
        return ReplicatedBackend.of(
                Stream.generate(() -> OrtBackend.cpu(1)).limit(replicas).toList());
    }

    private void print(PrintWriter out, Side one, Side several, List<Side> apart) {
        out.printf(
                "%s, %d pictures of %d steps, batches of %d, minibatches of %d; the weights are the same, bit for bit%n",
                model.modelName(), pictures, steps, sampleBatch, minibatch);
        out.printf(
                "%-19s %12s %12s %8s %12s %8s%n",
                "pictures / s", "1 replica", replicas + " replicas", "ratio", replicas + " apart", "ratio");
        print(out, "rollout", one.rollouts, several.rollouts, rate(apart, side -> side.rollouts));
        print(out, "update", one.updates, several.updates, rate(apart, side -> side.updates));
        out.flush();
    }

    private void print(PrintWriter out, String what, Times one, Times several, double apart) {
        double slow = rate(one);
        double fast = rate(several);
        out.printf("%-19s %12.2f %12.2f %8.2f %12.2f %8.2f%n", what, slow, fast, fast / slow, apart, apart / slow);
    }

    private double rate(List<Side> apart, Function<Side, Times> times) {
        return apart.stream().mapToDouble(side -> rate(times.apply(side))).sum();
    }

    private double rate(Times times) {
        return 1000 * pictures / times.medianMillis();
    }

    /** A policy on one or several replicas, and what it took. */
    private final class Side implements Replicas.Replica {
        private final ConsistencyPolicy policy;
        private final PpoOptimizer ppo;
        private final List<String> prompts;
        private final double[] advantages;
        private final Times rollouts = new Times();
        private final Times updates = new Times();

        Side(Backend backend) {
            TrainOptions defaults = new TrainOptions();
            try {
                policy = LatentConsistencyModel.load(model.directory(), backend)
                        .policy(defaults.lora(), SamplingPlan.steps(steps).withBatch(sampleBatch));
                prompts = defaults.trainingPrompts().draw(0, pictures, RandomStreams.seeded(0)).stream()
                        .map(Prompt::text)
                        .toList();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            ppo = PpoOptimizer.of(policy, defaults.ppo().withMinibatch(minibatch));
            advantages = IntStream.range(0, pictures)
                    .mapToDouble(i -> i % 2 == 0 ? 1 : -1)
                    .toArray();
        }

        Side round(boolean isMeasured) {
            long start = System.nanoTime();
            Rollout rollout = policy.rollout(prompts, RandomStreams.seeded(1));
            long sampled = System.nanoTime();
            ppo.update(rollout, advantages);
            long updated = System.nanoTime();
            if (isMeasured) {
                rollouts.add(sampled - start);
                updates.add(updated - sampled);
            }
            return this;
        }

        List<Float> weights() {
            List<Float> weights = new ArrayList<>();
            policy.parameters().values().forEach(tensor -> {
                for (float value : tensor.toFloats()) {
                    weights.add(value);
                }
            });
            return weights;
        }

        @Override
        public void close() {
            ppo.close();
            policy.close();
        }
    }
}
