package dev.rlcm.examples;

import dev.rlcm.backend.Backend;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.mdp.GaussianStep;
import dev.rlcm.mdp.LogProbReduction;
import dev.rlcm.mdp.Schedule;
import dev.rlcm.policy.ConsistencyModel;
import dev.rlcm.policy.Policy;
import dev.rlcm.policy.PolicyGraph;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.RolloutRequest;
import dev.rlcm.policy.Trajectory;
import dev.rlcm.reward.Sample;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Points of the plane that take two Gaussian steps, x' ~ N(x / 2 + m(x) / 2, 0.3^2 I), with the linear network m(x) = x W + b,
 * whose weights start at zero. It samples in plain Java; the graph says the same for the optimiser.
 */
final class PlanePolicy implements Policy {
    private static final GaussianStep STEP = new GaussianStep(0, 1, 0.5, 0.5, 0.3);
    private static final Schedule SCHEDULE = new Schedule(List.of(STEP, STEP), 1);

    private final Backend backend;
    private final TensorData weight = TensorData.zeros(DataType.FLOAT32, Shape.of(2, 2));
    private final TensorData bias = TensorData.zeros(DataType.FLOAT32, Shape.of(2));

    PlanePolicy(Backend backend) {
        this.backend = backend;
    }

    @Override
    public Rollout rollout(RolloutRequest request) {
        List<Trajectory> trajectories = new ArrayList<>();
        for (int i = 0; i < request.prompts().size(); i++) {
            List<float[]> states = new ArrayList<>(List.of(request.noise().draw(i, 0, 2)));
            double[] logProbs = new double[SCHEDULE.actions()];
            for (int k = 0; k < logProbs.length; k++) {
                float[] x = states.get(k);
                float[] output = network(x);
                float[] next = STEP.next(x, output, request.noise().draw(i, k + 1, 2));
                logProbs[k] = STEP.logProb(x, output, next, LogProbReduction.SUM);
                states.add(next);
            }
            float[] end = states.get(logProbs.length);
            Sample sample = Sample.of("", 1, 1, new float[] {end[0], end[1], 0})
                    .withPrompt(request.prompts().get(i));
            trajectories.add(Trajectory.of(Map.of(), states, SCHEDULE.steps(), logProbs, sample));
        }
        Rollout rollout = new Rollout(trajectories);
        request.onBatch().accept(rollout.samples());
        return rollout;
    }

    private float[] network(float[] x) {
        FloatBuffer w = weight.floats();
        FloatBuffer b = bias.floats();
        return new float[] {x[0] * w.get(0) + x[1] * w.get(2) + b.get(0), x[0] * w.get(1) + x[1] * w.get(3) + b.get(1)};
    }

    @Override
    public PolicyGraph graph(int rows) {
        Value sample = Value.input(ConsistencyModel.SAMPLE, DataType.FLOAT32, Shape.of(rows, 2));
        Value timestep = Value.input(ConsistencyModel.TIMESTEP, DataType.FLOAT32, Shape.of(rows)); // not used
        Value w = Value.input("weight", DataType.FLOAT32, weight.shape());
        Value b = Value.input("bias", DataType.FLOAT32, bias.shape());
        Graph network = new Graph(
                List.of(sample, timestep, w, b), Map.of("m", sample.matmul(w).add(b)));
        return PolicyGraph.of(network, List.of(w, b), LogProbReduction.SUM);
    }

    @Override
    public Map<String, TensorData> parameters() {
        Map<String, TensorData> parameters = new LinkedHashMap<>(); // in the order of the graph's factors
        parameters.put("weight", weight);
        parameters.put("bias", bias);
        return parameters;
    }

    @Override
    public Schedule schedule() {
        return SCHEDULE;
    }

    @Override
    public Backend backend() {
        return backend;
    }

    @Override
    public void close() {}
}
