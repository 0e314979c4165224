package dev.rlcm.backend;

import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.Map;
import java.util.Random;

/** Short forms for tests: constants, and their evaluation by the reference backend. */
final class Evaluation {
    private Evaluation() {}

    static Value reals(Shape shape, double... values) {
        return Value.constant(TensorData.doubles(shape, values));
    }

    static Value vector(double... values) {
        return reals(Shape.of(values.length), values);
    }

    static Value wholes(Shape shape, long... values) {
        return Value.constant(TensorData.longs(shape, values));
    }

    static Value wholes(long... values) {
        return wholes(Shape.of(values.length), values);
    }

    static Value random(Random random, int... dims) {
        return reals(
                Shape.of(dims), random.doubles(Shape.of(dims).size(), -2, 2).toArray());
    }

    /** The value of an expression without inputs; its shape has been checked against the declared one. */
    static TensorData evaluate(Value value) {
        try (Backend backend = new ReferenceBackend();
                Executable executable = backend.compile(Graph.of("y", value))) {
            return executable.run(Map.of()).get("y");
        }
    }

    static double[] doubles(Value value) {
        return evaluate(value).toDoubles();
    }

    static long[] longs(Value value) {
        return evaluate(value).toLongs();
    }
}
