package dev.rlcm.onnx.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.pipeline.component.Rows;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.BinaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PerRowTimestepTest {
    private static final int WIDTH = 6;
    private static final DataType REAL = DataType.FLOAT32;

    /** Ways in which exports embed one timestep and bring it to the batch; x is [B, WIDTH]. */
    @SuppressWarnings("ImmutableEnumChecker") // shapes and the lambdas are immutable
    private enum Export {
        EXPANDED_FIRST(Shape.SCALAR, (t, x) -> {
            Value rows = t.reshape(1).expand(Shape.of(x.dim(0)));
            return x.mul(rows.reshape(x.dim(0), 1).mul(frequencies(1)).sin());
        }),
        EXPANDED_FROM_ONE(Shape.of(1), (t, x) -> {
            Value rows = t.expand(Shape.of(x.dim(0))).cast(DataType.FLOAT64).cast(REAL);
            return x.mul(rows.reshape(x.dim(0), 1).mul(frequencies(1)).cos());
        }),
        EMBEDDED_FIRST(Shape.of(1), (t, x) -> {
            Value angles = t.reshape(1, 1).mul(frequencies(1));
            Value both = Value.concat(1, List.of(angles.sin(), angles.cos()));
            Value swapped = Value.concat(1, List.of(both.slice(1, WIDTH, 2 * WIDTH), both.slice(1, 0, WIDTH)));
            Value embedding = swapped.matmul(weight(2 * WIDTH)).add(frequencies(1));
            return x.add(embedding.mul(embedding.sigmoid()));
        }),
        SCALAR_TIMES_VECTOR(Shape.SCALAR, (t, x) -> {
            Value embedding = t.mul(frequencies(0)).sin().reshape(1, WIDTH).matmul(weight(WIDTH));
            return embedding
                    .reshape(1, 2, WIDTH / 2)
                    .transpose(0, 2, 1)
                    .reshape(1, WIDTH)
                    .mul(x);
        }),
        JOINED_WITH_A_CONSTANT(Shape.of(1), (t, x) -> {
            Value wide = t.reshape(1, 1).expand(Shape.of(1, WIDTH - 1));
            return x.mul(Value.concat(1, List.of(wide, Value.constant(TensorData.floats(Shape.of(1, 1), 3)))));
        }),
        LOOKED_UP(Shape.of(1), (t, x) -> {
            Value table = weight(16);
            return table.gather(0, t.cast(DataType.INT64)).mul(x);
        }),
        TIMES_ONES(Shape.SCALAR, (t, x) -> {
            Value rows = t.mul(filled(x.dim(0), 1));
            return x.mul(rows.reshape(x.dim(0), 1).mul(frequencies(1)).sin());
        }),
        ROWS_JOINED(Shape.SCALAR, (t, x) -> {
            Value rows = Value.concat(0, Collections.nCopies(x.dim(0), t.reshape(1)));
            return x.mul(rows.reshape(x.dim(0), 1).mul(frequencies(1)).cos());
        }),
        ONE_ELEMENT_OF_A_VECTOR(Shape.of(1), (t, x) -> {
            Value first = t.gather(0, Value.constant(TensorData.longs(Shape.SCALAR, 0)));
            return x.add(first.mul(frequencies(0)).cos().reshape(1, WIDTH).matmul(weight(WIDTH)));
        }),
        ODD_WIDTH(Shape.of(1), (t, x) -> {
            Value narrow = t.reshape(1, 1).mul(frequencies(1)).slice(1, 0, WIDTH - 1);
            Value padded = narrow.sin().pad(0, 0, 0, 1);
            return x.mul(padded.sub(padded.mean(true, 1)).softmax(-1));
        }),
        NORMALISED(Shape.of(1), (t, x) -> {
            Value embedding = t.reshape(1, 1).mul(frequencies(1)).sin();
            Value one = filled(WIDTH, 1);
            Value normal = Value.of(
                    Op.LAYER_NORM, Attributes.of("axis", 1, "epsilon", 1e-5), embedding, one, filled(WIDTH, 0));
            return x.mul(normal);
        }),
        CONVOLVED(Shape.of(1), (t, x) -> {
            Value embedding = t.reshape(1, 1).mul(frequencies(1)).sin().reshape(1, WIDTH, 1, 1);
            Attributes sliding = Attributes.of("strides", new int[] {1, 1}, "pads", new int[4])
                    .with("dilations", new int[] {1, 1})
                    .with("group", 1);
            Value kernel = Value.constant(weight(WIDTH).data().reshape(Shape.of(WIDTH, WIDTH, 1, 1)));
            Value convolved = Value.of(Op.CONV, sliding, embedding, kernel);
            return x.reshape(x.dim(0), WIDTH, 1, 1).add(convolved).reshape(x.dim(0), WIDTH);
        }),
        SCALE_AND_SHIFT(Shape.SCALAR, (t, x) -> {
            Value rows = t.reshape(1).expand(Shape.of(x.dim(0))).reshape(x.dim(0), 1);
            Value table = Value.constant(TensorData.generate(REAL, Shape.of(1, 2, WIDTH), i -> 0.1 * i));
            Value both = rows.mul(frequencies(1))
                    .sin()
                    .matmul(Value.concat(1, List.of(weight(WIDTH), weight(WIDTH))))
                    .reshape(x.dim(0), 2, WIDTH)
                    .add(table);
            Value scale = both.slice(1, 0, 1).reshape(x.dim(0), WIDTH);
            return x.mul(scale.add(1)).add(both.slice(1, 1, 2).reshape(x.dim(0), WIDTH));
        });

        private final Shape timestep;
        private final BinaryOperator<Value> network;

        Export(Shape timestep, BinaryOperator<Value> network) {
            this.timestep = timestep;
            this.network = network;
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyRowGetsWhatItsTimestepAloneGives(Export export) {
        double[] timesteps = {7, 0, 13};
        TensorData x = TensorData.generate(REAL, Shape.of(3, WIDTH), i -> 1 + 0.25 * i);
        double[] together = run(rebuilt(export, 3), timesteps, x);
        for (int row = 0; row < timesteps.length; row++) {
            double[] alone = run(original(export), new double[] {timesteps[row]}, Rows.slice(x, row, row + 1));
            double[] share = Arrays.copyOfRange(together, row * WIDTH, (row + 1) * WIDTH);
            Goldens.assertClose(share, alone, 1e-12);
        }
    }

    @Test
    void aTimestepForEachRowIsOnlyReplaced() {
        Value old = Value.input("timestep", REAL, Shape.of(3));
        Value x = Value.input("x", REAL, Shape.of(3, WIDTH));
        Value perRow = Value.input("timestep", REAL, Shape.of(3));
        Value output = PerRowTimestep.rebuild(old.reshape(3, 1).mul(x), old, perRow, Map.of(x, x));
        assertThat(Graph.of("y", output).inputs()).containsExactlyInAnyOrder(perRow, x);
    }

    @Test
    void whatCannotBeRebuiltIsNamed() {
        Value old = Value.input("timestep", REAL, Shape.of(1));
        Value x = Value.input("x", REAL, Shape.of(2, WIDTH));
        Value sum = Value.of(
                Op.CUM_SUM,
                Attributes.of("axis", 0, "exclusive", false).with("reverse", false),
                List.of(old),
                "/time/CumSum");
        Value perRow = Value.input("timestep", REAL, Shape.of(2));
        assertThatThrownBy(() -> PerRowTimestep.rebuild(sum.mul(x), old, perRow, Map.of(x, x)))
                .isInstanceOf(GraphException.class)
                .hasMessageContaining("/time/CumSum")
                .hasMessageContaining("[batch_size]");
    }

    private static Graph original(Export export) {
        Value t = Value.input("timestep", REAL, export.timestep);
        Value x = Value.input("x", REAL, Shape.of(1, WIDTH));
        return Graph.of("y", export.network.apply(t, x));
    }

    private static Graph rebuilt(Export export, int batch) {
        Value t = Value.input("timestep", REAL, export.timestep);
        Value x = Value.input("x", REAL, Shape.of(batch, WIDTH));
        Value perRow = Value.input("timestep", REAL, Shape.of(batch));
        return Graph.of("y", PerRowTimestep.rebuild(export.network.apply(t, x), t, perRow, Map.of(x, x)));
    }

    private static double[] run(Graph graph, double[] timesteps, TensorData x) {
        try (Backend backend = new ReferenceBackend()) {
            Shape shape = graph.input("timestep").shape();
            TensorData t = TensorData.generate(REAL, shape, i -> timesteps[i]);
            return backend.compile(graph)
                    .run(Map.of("timestep", t, "x", x))
                    .get("y")
                    .toDoubles();
        }
    }

    private static Value filled(int length, double number) {
        return Value.constant(TensorData.generate(REAL, Shape.of(length), i -> number));
    }

    private static Value frequencies(int leading) {
        Shape shape = leading == 0 ? Shape.of(WIDTH) : Shape.of(1, WIDTH);
        return Value.constant(TensorData.generate(REAL, shape, i -> Math.pow(2, -i)));
    }

    private static Value weight(int rows) {
        return Value.constant(TensorData.generate(REAL, Shape.of(rows, WIDTH), i -> Math.sin(i)));
    }
}
