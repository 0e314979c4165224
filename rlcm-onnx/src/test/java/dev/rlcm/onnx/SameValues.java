package dev.rlcm.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import java.util.Map;

/** The law of every rewrite: it preserves the values of the outputs. */
public final class SameValues {
    private static final double TOLERANCE = 1e-5;

    private SameValues() {}

    public static void check(Graph expected, Graph actual, long seed) {
        Map<String, TensorData> feeds = RandomGraphs.feeds(expected, seed);
        try (ReferenceBackend backend = new ReferenceBackend()) {
            Map<String, TensorData> got = backend.compile(actual).run(feeds);
            backend.compile(expected).run(feeds).forEach((name, wanted) -> assertThat(
                            Tensors.relativeError(got.get(name), wanted))
                    .as(name)
                    .isLessThan(TOLERANCE));
        }
    }
}
