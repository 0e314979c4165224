package dev.rlcm.rewrite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.backend.Executable;
import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/** The law of every rewrite: it preserves the values of the outputs. */
public final class SameFunction {
    private SameFunction() {}

    public static void check(Graph expected, Graph actual, double tolerance) {
        Random random = new Random(7);
        Map<String, TensorData> inputs = new LinkedHashMap<>();
        for (Value input : expected.inputs()) {
            inputs.put(input.label(), TensorData.generate(input.type(), input.shape(), i -> 3 * random.nextGaussian()));
        }
        assertThat(actual.inputs()).containsExactlyInAnyOrderElementsOf(expected.inputs());
        try (ReferenceBackend backend = new ReferenceBackend();
                Executable before = backend.compile(expected);
                Executable after = backend.compile(actual)) {
            Map<String, TensorData> wanted = before.run(inputs);
            Map<String, TensorData> got = after.run(inputs);
            assertThat(got.keySet()).isEqualTo(wanted.keySet());
            wanted.forEach((name, tensor) -> assertThat(got.get(name).toDoubles())
                    .as(name)
                    .containsExactly(tensor.toDoubles(), within(tolerance)));
        }
    }
}
