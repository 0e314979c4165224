package dev.rlcm.distill;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.mdp.DistillationStep;
import dev.rlcm.policy.ConsistencyModel;
import dev.rlcm.supervised.SupervisedTask;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/** How far a student's f(x_t, t) is from targets, over rows of different timesteps. Its buffers hold the states and the targets. */
final class StudentLoss {
    static final String STATE = "state";
    static final String TARGET = "target";
    private static final String STUDENT = "student";

    private final Value state;
    private final NetworkStep estimate;
    private final Graph graph;
    private final Map<String, TensorData> parameters;

    /** @param buffers get those of the rows */
    StudentLoss(Student student, DistillationConfig config, RowBuffers buffers) {
        Graph network = student.network(config.rows());
        this.state = Value.input(
                STATE, DataType.FLOAT32, network.input(ConsistencyModel.SAMPLE).shape());
        Value wanted = Value.input(TARGET, DataType.FLOAT32, state.shape());
        this.estimate = new NetworkStep(STUDENT, network, student.parameters().keySet(), state);
        this.graph = Graph.of(SupervisedTask.LOSS, config.loss().of(estimate.result(), wanted));
        this.parameters = Collections.unmodifiableMap(estimate.named(student.parameters()));
        buffers.add(List.of(state, wanted));
        buffers.add(estimate.inputs());
    }

    /** x_t, [B,C,h,w]. */
    Value state() {
        return state;
    }

    Graph graph() {
        return graph;
    }

    /** The student's parameters, by the names of inputs of the graph. */
    Map<String, TensorData> parameters() {
        return parameters;
    }

    /** Fills a row's state and what the student's network is told about it. */
    void feed(RowBuffers buffers, int row, float[] x, DistillationStep step, Map<String, TensorData> conditioning) {
        buffers.set(STATE, row, x);
        estimate.feed(buffers, row, step.from().estimate(), conditioning);
    }
}
