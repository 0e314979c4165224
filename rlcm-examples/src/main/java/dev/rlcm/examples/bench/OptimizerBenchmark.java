package dev.rlcm.examples.bench;

import dev.rlcm.examples.options.Cli;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.optim.AdamWConfig;
import dev.rlcm.optim.AveragedWeights;
import dev.rlcm.optim.BatchLoss;
import dev.rlcm.optim.GradientClipping;
import dev.rlcm.optim.GradientDescent;
import dev.rlcm.optim.LossScaling;
import dev.rlcm.optim.Optimizer;
import dev.rlcm.optim.ParameterGroups;
import dev.rlcm.random.RandomStreams;
import java.io.PrintWriter;
import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What the optimiser's part of a training step takes, on one thread and without a network. */
@Command(
        name = "optimizer-benchmark",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Times the norm of a gradient, AdamW, the average of weights, and a whole step of them.")
public final class OptimizerBenchmark implements Callable<Integer> {
    @Option(names = "--layers", description = "Each a matrix and a bias. Default: ${DEFAULT-VALUE}.")
    private int layers = 340;

    @Option(names = "--width", description = "Of the square matrices. Default: ${DEFAULT-VALUE}.")
    private int width = 80;

    @Option(names = "--repeats", description = "Timed, after as many that warm up. Default: ${DEFAULT-VALUE}.")
    private int repeats = 100;

    @Spec
    private CommandSpec spec;

    public static void main(String[] args) {
        Cli.run(new OptimizerBenchmark(), args);
    }

    @Override
    public Integer call() {
        Map<String, TensorData> parameters = gaussians(1);
        List<FloatBuffer> gradients = floats(gaussians(2));
        ParameterGroups groups =
                ParameterGroups.decayingMatrices(AdamWConfig.defaults().withWeightDecay(1e-2));
        AveragedWeights average = new AveragedWeights(parameters, 0.95);
        Optimizer alone = groups.optimizer(parameters);
        GradientDescent descent =
                new GradientDescent(floats(parameters), groups.optimizer(parameters), 1, LossScaling.defaults());
        GivenGradients loss = new GivenGradients(gradients);
        PrintWriter out = spec.commandLine().getOut();
        out.printf(
                "%d weights in %d tensors; milliseconds%n",
                parameters.values().stream().mapToLong(TensorData::size).sum(), parameters.size());
        out.printf("%-34s %10s %10s%n", "", "best", "median");
        print(out, "norm", () -> GradientClipping.globalNorm(gradients, Double.MAX_VALUE));
        print(out, "AdamW", () -> alone.step(gradients));
        print(out, "average", average::update);
        print(out, "sum, norm, clip, AdamW, average", () -> {
            descent.step(loss, List.of(0), 1, chunk -> {});
            average.update();
        });
        return 0;
    }

    private Map<String, TensorData> gaussians(long seed) {
        RandomStreams random = RandomStreams.seeded(seed);
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        for (int i = 0; i < layers; i++) {
            tensors.put(
                    "weight" + i,
                    gaussians(Shape.of(width, width), random.at("weight").at(i)));
            tensors.put("bias" + i, gaussians(Shape.of(width), random.at("bias").at(i)));
        }
        return tensors;
    }

    private static TensorData gaussians(Shape shape, RandomStreams random) {
        float[] values = random.gaussians((int) shape.size());
        return TensorData.generate(DataType.FLOAT32, shape, i -> values[i]);
    }

    private static List<FloatBuffer> floats(Map<String, TensorData> tensors) {
        return tensors.values().stream().map(TensorData::floats).toList();
    }

    private void print(PrintWriter out, String name, Runnable work) {
        for (int i = 0; i < repeats; i++) {
            work.run();
        }
        Times times = new Times();
        for (int i = 0; i < repeats; i++) {
            long start = System.nanoTime();
            work.run();
            times.add(System.nanoTime() - start);
        }
        out.printf("%-34s %10.2f %10.2f%n", name, times.shortestMillis(), times.medianMillis());
        out.flush();
    }

    /** A loss of nothing whose gradients are always the same, in direct buffers as a session leaves them. */
    private record GivenGradients(List<FloatBuffer> gradients) implements BatchLoss<Integer> {
        @Override
        public int rows() {
            return 1;
        }

        @Override
        public boolean isScaled() {
            return false;
        }

        @Override
        public void run(List<Integer> batch, double weight, double lossScale) {}

        @Override
        public double value() {
            return 0;
        }

        @Override
        public Map<String, Double> parts() {
            return Map.of();
        }

        @Override
        public long networkNanos() {
            return 0;
        }

        @Override
        public void close() {}
    }
}
