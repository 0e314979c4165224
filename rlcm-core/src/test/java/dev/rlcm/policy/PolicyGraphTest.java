package dev.rlcm.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import dev.rlcm.mdp.GaussianStep;
import dev.rlcm.mdp.LogProbReduction;
import dev.rlcm.reward.Sample;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a host is told when it makes a policy of its own. */
class PolicyGraphTest {
    private static final Value SAMPLE = Value.input("sample", DataType.FLOAT32, Shape.of(3, 2));
    private static final Value TIMESTEP = Value.input("timestep", DataType.FLOAT32, Shape.of(3));
    private static final Value BIAS = Value.input("bias", DataType.FLOAT32, Shape.of(2));

    private static PolicyGraph graph(List<Value> inputs, Value output, Value... factors) {
        return PolicyGraph.of(new Graph(inputs, Map.of("out", output)), List.of(factors), LogProbReduction.SUM);
    }

    @Test
    void anyNetworkOfTheRightShapeMakesAPolicy() {
        PolicyGraph graph = graph(List.of(SAMPLE, TIMESTEP, BIAS), SAMPLE.add(BIAS), BIAS);
        assertThat(graph.rows()).isEqualTo(3);
        assertThat(graph.latentSize()).isEqualTo(2);
        assertThat(graph.factors()).containsExactly(BIAS);
        assertThat(graph.logProb().shape()).isEqualTo(Shape.of(3));
    }

    @Test
    void whatANetworkLacksIsNamed() {
        assertThatThrownBy(() -> graph(List.of(SAMPLE, BIAS), SAMPLE.add(BIAS), BIAS))
                .isInstanceOf(GraphException.class)
                .hasMessageContaining("no input named timestep");
        assertThatThrownBy(() -> graph(List.of(SAMPLE, TIMESTEP), SAMPLE.mul(2), BIAS))
                .hasMessageContaining("no input named bias");
        assertThatThrownBy(() -> graph(List.of(SAMPLE, TIMESTEP), SAMPLE.sum(false, 1)))
                .isInstanceOf(GraphException.class)
                .hasMessage("a policy's network must give the shape of its sample, [3,2], got [3]");
        Value taken = Value.input("rlcm.weight", DataType.FLOAT32, Shape.of(2));
        assertThatThrownBy(() -> graph(List.of(SAMPLE, TIMESTEP, taken), SAMPLE.add(taken), taken))
                .hasMessageContaining("rename the input rlcm.weight");
    }

    @Test
    void aPolicyWithoutABaseHasNoBaseMean() {
        PolicyGraph graph = graph(List.of(SAMPLE, TIMESTEP, BIAS), SAMPLE.add(BIAS), BIAS);
        assertThatThrownBy(graph::baseMean)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("PolicyGraph.withBase");
        Graph base = new Graph(List.of(SAMPLE, TIMESTEP), Map.of("out", SAMPLE));
        assertThat(graph.withBase(base).baseMean().shape()).isEqualTo(Shape.of(3, 2));
    }

    @Test
    void aTrajectoryWhosePartsDoNotFitIsRefused() {
        GaussianStep step = new GaussianStep(0, 1, 0.5, 0.5, 0.3);
        Sample sample = Sample.of("a cat", 1, 1, new float[3]);
        float[] state = {1, 2};
        Trajectory fitting = Trajectory.of(Map.of(), List.of(state, state), List.of(step), new double[] {-1}, sample);
        assertThat(fitting.prompt()).isEqualTo("a cat");
        assertThatThrownBy(() -> Trajectory.of(Map.of(), List.of(state), List.of(step), new double[] {-1}, sample))
                .hasMessage("states must be one more than the 1 steps, got 1");
        assertThatThrownBy(() ->
                        Trajectory.of(Map.of(), List.of(state, new float[3]), List.of(step), new double[] {-1}, sample))
                .hasMessage("state 1 must be as long as the first, 2, got 3");
        assertThatThrownBy(() -> Trajectory.of(Map.of(), List.of(state, state), List.of(step), new double[0], sample))
                .hasMessageContaining("logProbs must be one for each of the 1 steps");
    }
}
