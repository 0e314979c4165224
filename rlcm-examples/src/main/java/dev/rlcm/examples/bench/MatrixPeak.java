package dev.rlcm.examples.bench;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.Executable;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.OrtBackend;
import java.util.Map;

/** What this machine's matrix product reaches: the best of some products with a packed weight. */
final class MatrixPeak {
    private static final int SIZE = 2048;
    private static final int RUNS = 20;

    private MatrixPeak() {}

    /** In 10^9 operations a second. */
    static double gflopPerSecond(int threads) {
        Value x = Value.input("x", DataType.FLOAT32, Shape.of(SIZE, SIZE));
        TensorData matrix = SkeletonWeights.noise(1, 1, x.shape());
        Map<String, TensorData> outputs = Map.of("y", TensorData.zeros(DataType.FLOAT32, x.shape()));
        try (Backend backend = OrtBackend.cpu(threads)) {
            Executable product = backend.compile(Graph.of("y", x.matmul(Value.constant(matrix))));
            Times times = new Times();
            for (int i = 0; i < RUNS; i++) {
                long start = System.nanoTime();
                product.run(Map.of("x", matrix), outputs);
                times.add(System.nanoTime() - start);
            }
            return 2e-6 * SIZE * SIZE * SIZE / times.shortestMillis();
        }
    }
}
