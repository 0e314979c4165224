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

class GradientCheckerTest {
    private final Backend backend = new ReferenceBackend();
    private final Value x = Value.input("x", DataType.FLOAT32, Shape.of(3));
    private final Map<String, TensorData> point = Map.of("x", TensorData.floats(Shape.of(3), 1, 2, 3));

    private GradientChecker.Report check(Value y) {
        return GradientChecker.check(Graph.of("y", y), point, List.of("x"), backend, 1e-5, 1e-6);
    }

    @Example
    void rightGradientsPassInDoublePrecision() {
        GradientChecker.Report report = check(x.exp().mul(x.sin()));
        assertThat(report.passed()).isTrue();
        assertThat(report.maxError()).isLessThan(1e-7);
        assertThat(report.elements()).isEqualTo(3);
    }

    /** The rule gives a step function slope 0; the difference across a step sees it rise. */
    @Example
    void aGradientThatDiffersIsLocated() {
        GradientChecker.Report report = check(x.unary(Op.FLOOR).add(x));
        assertThat(report.passed()).isFalse();
        assertThat(report.location()).startsWith("x[");
    }

    @Example
    void aGradientThatIsNotANumberDoesNotPass() {
        GradientChecker.Report report = check(x.sub(2).unary(Op.SQRT));
        assertThat(report.maxError()).isNaN();
        assertThat(report.passed()).isFalse();
        assertThat(report.location()).startsWith("x[0]");
    }

    @Example
    void theGivenTensorsAreNotTouched() {
        check(x.exp());
        assertThat(point.get("x").toFloats()).containsExactly(1, 2, 3);
    }

    @Example
    void impossibleChecksAreRefused() {
        Graph graph = Graph.of("y", x.exp());
        assertThatThrownBy(() -> GradientChecker.check(graph, point, List.of("x"), backend, 0, 1e-6))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("step must be positive, got 0.0");
        assertThatThrownBy(() -> GradientChecker.check(graph, Map.of(), List.of("x"), backend, 1e-5, 1e-6))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("input x is missing");
        Graph truths = Graph.of("y", x.less(x.like(0)));
        assertThatThrownBy(() -> GradientChecker.check(truths, point, List.of("x"), backend, 1e-5, 1e-6))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no output is real");
    }
}
