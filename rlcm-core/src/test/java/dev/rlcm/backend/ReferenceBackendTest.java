package dev.rlcm.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ReferenceBackendTest {
    private static final Shape PAIR = Shape.of(2);
    private static final TensorData ONE_TWO = TensorData.floats(PAIR, 1, 2);

    private final Value x = Value.input("x", DataType.FLOAT32, PAIR);
    private final Value n = Value.input("n", DataType.INT32, Shape.SCALAR);
    private final Backend backend = new ReferenceBackend();

    @AfterEach
    void close() {
        backend.close();
    }

    @Test
    void everyOperatorButTheInputHasAKernel() {
        Set<Op> computed = EnumSet.allOf(Op.class);
        computed.remove(Op.INPUT);
        assertThat(Kernels.TABLE.keySet()).isEqualTo(computed);
    }

    @Test
    void resultsAreDoublesLongsAndBooleansInTheOrderOfTheOutputs() {
        Map<String, Value> outputs = new LinkedHashMap<>();
        outputs.put("square", x.square());
        outputs.put("next", n.add(1));
        outputs.put("large", x.greater(x.like(1.5)));
        Map<String, TensorData> results =
                backend.compile(Graph.of(outputs)).run(Map.of("x", ONE_TWO, "n", TensorData.scalar(DataType.INT32, 4)));
        assertThat(results.keySet()).containsExactly("square", "next", "large");
        assertThat(results.values().stream().map(TensorData::type))
                .containsExactly(DataType.FLOAT64, DataType.INT64, DataType.BOOL);
        assertThat(results.get("square").toDoubles()).containsExactly(1, 4);
        assertThat(results.get("next").toLongs()).containsExactly(5);
        assertThat(results.get("large").toLongs()).containsExactly(0, 1);
    }

    @Test
    void doublesMayBeFedWhereTheGraphSaysFloatAndAreNotRounded() {
        TensorData fine = TensorData.doubles(PAIR, 1 + 1e-12, 2);
        Value shifted = x.sub(1);
        assertThat(backend.compile(Graph.of("y", shifted))
                        .run(Map.of("x", fine))
                        .get("y")
                        .getDouble(0))
                .isEqualTo(1 + 1e-12 - 1);
    }

    @Test
    void runConvertsIntoTheGivenTensors() {
        TensorData y = TensorData.zeros(DataType.FLOAT32, PAIR);
        backend.compile(Graph.of("y", x.add(0.5))).run(Map.of("x", ONE_TWO), Map.of("y", y));
        assertThat(y.toFloats()).containsExactly(1.5f, 2.5f);
    }

    @Test
    void outputMayBeAnInputOrAConstantOrUsedByOtherOutputs() {
        Map<String, Value> outputs = new LinkedHashMap<>();
        Value square = x.square();
        outputs.put("x", x);
        outputs.put("constant", x.like(3));
        outputs.put("square", square);
        outputs.put("fourth", square.square());
        Executable executable = backend.compile(Graph.of(outputs));
        for (int repetition = 0; repetition < 2; repetition++) {
            Map<String, TensorData> results = executable.run(Map.of("x", ONE_TWO));
            assertThat(results.get("x").toDoubles()).containsExactly(1, 2);
            assertThat(results.get("constant").toDoubles()).containsExactly(3);
            assertThat(results.get("square").toDoubles()).containsExactly(1, 4);
            assertThat(results.get("fourth").toDoubles()).containsExactly(1, 16);
        }
    }

    @Test
    void inputsAreNotChanged() {
        TensorData fed = TensorData.doubles(PAIR, 1, 2);
        Value y = x.reshape(2, 1).mean(false, 1).add(x);
        backend.compile(Graph.of("y", y)).run(Map.of("x", fed));
        assertThat(fed.toDoubles()).containsExactly(1, 2);
    }

    @Test
    void concurrentRunsDoNotDisturbEachOther() {
        Executable executable = backend.compile(Graph.of("y", x.exp().mul(x).sum()));
        double[] parallel = IntStream.range(0, 200)
                .parallel()
                .mapToDouble(i -> executable
                        .run(Map.of("x", TensorData.doubles(PAIR, i * 0.01, 1)))
                        .get("y")
                        .getDouble(0))
                .toArray();
        assertThat(parallel)
                .containsExactly(
                        IntStream.range(0, 200)
                                .mapToDouble(i -> Math.exp(i * 0.01) * (i * 0.01) + Math.E)
                                .toArray(),
                        within(1e-13));
    }

    @Test
    void missingUnknownAndMisshapenInputsAreNamed() {
        Executable executable = backend.compile(Graph.of("y", x.square()));
        assertThatThrownBy(() -> executable.run(Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("input x is missing, got []");
        assertThatThrownBy(() -> executable.run(Map.of("x", ONE_TWO, "z", ONE_TWO)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("unknown input z; there are [x]");
        assertThatThrownBy(() -> executable.run(Map.of("x", TensorData.floats(Shape.of(1), 1))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("input x must be FLOAT32[2], got FLOAT32[1]");
        assertThatThrownBy(() -> executable.run(Map.of("x", TensorData.longs(PAIR, 1, 2))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("input x must be FLOAT32[2], got INT64[2]");
    }

    @Test
    void misshapenOutputIsNamed() {
        Executable executable = backend.compile(Graph.of("y", x.square()));
        Map<String, TensorData> wrong = Map.of("y", TensorData.scalar(DataType.FLOAT32, 0));
        assertThatThrownBy(() -> executable.run(Map.of("x", ONE_TWO), wrong))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("output y must be FLOAT32[2], got FLOAT32[]");
    }

    @Test
    void nothingRunsOnceTheExecutableOrTheBackendIsClosed() {
        Executable first = backend.compile(Graph.of("y", x.square()));
        Executable second = backend.compile(Graph.of("y", x.square()));
        first.close();
        first.close();
        assertThatThrownBy(() -> first.run(Map.of("x", ONE_TWO))).isInstanceOf(IllegalStateException.class);
        assertThat(second.run(Map.of("x", ONE_TWO))).containsKey("y");
        backend.close();
        backend.close();
        assertThatThrownBy(() -> second.run(Map.of("x", ONE_TWO))).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> backend.compile(Graph.of("y", x.square()))).isInstanceOf(IllegalStateException.class);
    }
}
