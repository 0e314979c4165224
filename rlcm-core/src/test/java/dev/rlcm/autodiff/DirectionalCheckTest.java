package dev.rlcm.autodiff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Example;

class DirectionalCheckTest {
    private static final DirectionalSettings SETTINGS = DirectionalSettings.of(DataType.FLOAT64);

    private final Backend backend = new ReferenceBackend();
    private final Value x = Value.input("x", DataType.FLOAT32, Shape.of(40));
    private final Value w = Value.input("w", DataType.FLOAT32, Shape.of(40));
    private final Map<String, TensorData> point = Map.of(
            "x", TensorData.generate(DataType.FLOAT32, Shape.of(40), i -> 0.3 + 0.1 * i),
            "w", TensorData.generate(DataType.FLOAT32, Shape.of(40), i -> Math.sin(i)));

    private DirectionalReport check(Value y, String... wrt) {
        return GradientChecker.alongDirections(Graph.of("y", y), point, List.of(wrt), backend, SETTINGS);
    }

    @Example
    void rightGradientsPassForEveryInput() {
        DirectionalReport report = check(x.log().mul(w.sin()).tanh(), "x", "w");
        assertThat(report.passed()).isTrue();
        assertThat(report.inputs()).extracting(i -> i.input()).containsExactly("x", "w");
        assertThat(report.maxError()).isLessThan(1e-7);
    }

    /** The rule says slope 0 where the difference over a step of the floor sees it rise. */
    @Example
    void aWrongSlopeIsFoundAndItsInputNamed() {
        Value jumps = x.mul(1e6).unary(Op.FLOOR).mul(1e-6).add(w.exp());
        DirectionalReport report = check(jumps, "x", "w");
        assertThat(report.passed()).isFalse();
        assertThat(report.inputs().get(0).error()).isGreaterThan(0.9);
        assertThat(report.inputs().get(1).error()).isLessThan(1e-6);
        assertThat(report.toString()).startsWith("x: relative error");
    }

    @Example
    void aConstantFunctionPasses() {
        assertThat(check(x.mul(0).add(w), "x").maxError()).isZero();
    }

    @Example
    void gradientsThatAreNotNumbersDoNotPass() {
        DirectionalReport report = check(x.sub(0.3).unary(Op.SQRT).sub(w).unary(Op.LOG), "x");
        assertThat(report.maxError()).isNaN();
        assertThat(report.passed()).isFalse();
    }

    @Example
    void theGivenTensorsAreNotTouched() {
        float[] before = point.get("x").toFloats();
        check(x.exp().add(w), "x");
        assertThat(point.get("x").toFloats()).containsExactly(before);
    }

    @Example
    void impossibleChecksAreRefused() {
        assertThatThrownBy(() -> SETTINGS.withStep(0)).hasMessageContaining("step and tolerance must be positive");
        assertThatThrownBy(() -> SETTINGS.withDirections(0)).hasMessageContaining("directions must be at least 1");
        assertThatThrownBy(() -> DirectionalSettings.of(DataType.INT64)).hasMessageContaining("got INT64");
        assertThatThrownBy(() -> check(x.less(w), "x")).hasMessageContaining("no output is real");
        Graph graph = Graph.of("y", x.exp());
        assertThatThrownBy(() -> GradientChecker.alongDirections(graph, Map.of(), List.of("x"), backend, SETTINGS))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("input x is missing");
    }
}
