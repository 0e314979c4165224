package dev.rlcm.rewrite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.Executable;
import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import java.util.Map;

/** Values by the reference backend, and their comparison. */
public final class Reference {
    private Reference() {}

    public static Map<String, TensorData> run(Graph graph, Map<String, TensorData> inputs) {
        try (Backend backend = new ReferenceBackend();
                Executable executable = backend.compile(graph)) {
            return executable.run(inputs);
        }
    }

    /** Reals to 12 digits, the rest exactly. */
    public static void assertSame(TensorData actual, TensorData expected, String what) {
        assertThat(actual.shape()).as(what).isEqualTo(expected.shape());
        for (int i = 0; i < expected.size(); i++) {
            if (expected.type().isFloating()) {
                double a = actual.getDouble(i);
                double e = expected.getDouble(i);
                boolean close =
                        a == e || Double.compare(a, e) == 0 || Math.abs(a - e) <= 1e-12 * Math.max(1, Math.abs(e));
                assertThat(close)
                        .as("%s: element %d is %s, expected %s", what, i, a, e)
                        .isTrue();
            } else {
                assertThat(actual.getLong(i)).as("%s: element %d", what, i).isEqualTo(expected.getLong(i));
            }
        }
    }
}
