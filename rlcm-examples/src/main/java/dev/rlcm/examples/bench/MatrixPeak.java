package dev.rlcm.examples.bench;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.Executable;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.precision.Precision;
import java.util.Map;

/**
 * What a machine's matrix product reaches: the best of some runs of products with packed weights. On a device they are large
 * and follow one another, so that what is carried to it and back does not count.
 */
final class MatrixPeak {
    private static final int RUNS = 20;

    private MatrixPeak() {}

    /** In 10^9 operations a second, by products of 2048 rows and columns. */
    static double ofCpu(Backend backend) {
        return gflopPerSecond(backend, 2048, 1, Precision.FLOAT32);
    }

    /** The same by sixteen products of 8192 rows and columns. */
    static double ofDevice(Backend backend, Precision precision) {
        return gflopPerSecond(backend, 8192, 16, precision);
    }

    private static double gflopPerSecond(Backend backend, int size, int products, Precision precision) {
        Shape square = Shape.of(size, size);
        Value factor = Value.input("factor", DataType.FLOAT32, Shape.of(size, 1));
        // The deviation that keeps products as large as their operands.
        Value matrix = Value.constant(SkeletonWeights.noise(1, 1 / Math.sqrt(size), square));
        Value y = factor.mul(matrix);
        for (int i = 0; i < products; i++) {
            y = y.matmul(matrix);
        }
        Graph graph = precision.of(Graph.of("y", y.mean(false, 1)));
        Map<String, TensorData> inputs =
                Map.of("factor", TensorData.generate(DataType.FLOAT32, factor.shape(), i -> 1));
        Times times = new Times();
        try (Executable executable = backend.compile(graph)) {
            for (int i = 0; i < RUNS; i++) {
                long start = System.nanoTime();
                executable.run(inputs);
                times.add(System.nanoTime() - start);
            }
        }
        return 2e-6 * size * size * size * products / times.shortestMillis();
    }
}
