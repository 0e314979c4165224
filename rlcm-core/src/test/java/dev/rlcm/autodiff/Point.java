package dev.rlcm.autodiff;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;

/** Random inputs at which gradients are checked. */
final class Point {
    private static final Backend BACKEND = new ReferenceBackend();

    private final SplittableRandom random;
    private final List<Value> inputs = new ArrayList<>();
    private final Map<String, TensorData> data = new LinkedHashMap<>();

    Point(long seed) {
        random = new SplittableRandom(seed);
    }

    /** Anything in [-1.5, 1.5]. */
    Value real(int... dims) {
        return input(Shape.of(dims), () -> 3 * random.nextDouble() - 1.5);
    }

    Value real(Shape shape) {
        return real(shape.toArray());
    }

    /** In [0.5, 1.5]. */
    Value positive(Shape shape) {
        return input(shape, () -> random.nextDouble() + 0.5);
    }

    /** Multiples of 1/4 plus an offset up to offset + 1/20: away from kinks at multiples, and of other offsets. */
    Value uneven(double offset, Shape shape) {
        return input(shape, () -> random.nextInt(-6, 6) * 0.25 + offset + 0.05 * random.nextDouble());
    }

    /** 0.5, 0.75 or 1, of either sign. */
    Value quarters(Shape shape) {
        return input(shape, () -> random.nextInt(2, 5) * 0.25 * (random.nextBoolean() ? 1 : -1));
    }

    /** All different by at least 0.1, in random order. */
    Value distinct(int... dims) {
        int[] order = new int[Math.toIntExact(Shape.of(dims).size())];
        for (int i = 0; i < order.length; i++) {
            int j = random.nextInt(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        int[] next = {0};
        return input(Shape.of(dims), () -> 0.1 * order[next[0]++] - 1.03);
    }

    /** Random integers below a bound, as an input. */
    Value indices(int bound, int... dims) {
        return feed(TensorData.generate(DataType.INT64, Shape.of(dims), i -> random.nextInt(bound)));
    }

    /** Random truth values, as an input. */
    Value truths(Shape shape) {
        return feed(TensorData.generate(DataType.BOOL, shape, i -> random.nextInt(2)));
    }

    /** A random integer in [from, to]. */
    int draw(int from, int to) {
        return random.nextInt(from, to + 1);
    }

    private Value input(Shape shape, DoubleSupplier values) {
        return feed(TensorData.generate(DataType.FLOAT64, shape, i -> values.getAsDouble()));
    }

    Value feed(TensorData tensor) {
        Value value = Value.input("x" + inputs.size(), tensor.type(), tensor.shape());
        inputs.add(value);
        data.put(value.label(), tensor);
        return value;
    }

    /** The real inputs. */
    List<Value> reals() {
        return inputs.stream().filter(v -> v.type().isFloating()).toList();
    }

    double[] evaluate(Value value) {
        return BACKEND.compile(new Graph(inputs, Map.of("y", value)))
                .run(data)
                .get("y")
                .toDoubles();
    }

    /** Demands that the gradients by all real inputs equal centred differences to 1e-6. */
    void check(Value output) {
        GradientChecker.Report report = GradientChecker.check(
                new Graph(inputs, Map.of("y", output)),
                data,
                reals().stream().map(Value::label).toList(),
                BACKEND,
                1e-5,
                1e-6);
        assertThat(report.passed())
                .as("%s %s: %s", output, output.attributes(), report)
                .isTrue();
        assertThat(report.elements())
                .isEqualTo(
                        reals().stream().mapToInt(v -> (int) v.shape().size()).sum());
    }
}
