package dev.rlcm.testing;

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
import dev.rlcm.random.Noise;
import dev.rlcm.reward.Sample;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A policy that can be computed by hand: its network says the same two learned numbers whatever it is given, its base model's says
 * zeros. Latents are [2,1,1]; a picture is one pixel, whose red and green are the final latent.
 */
public final class ShiftPolicy implements Policy {
    /** Two actions and a deterministic step that changes nothing but adds the shift. */
    public static final Schedule SCHEDULE = new Schedule(
            List.of(
                    new GaussianStep(800, 1, 0.5, 1, 0.4),
                    new GaussianStep(400, 1, 0.5, 1, 0.2),
                    new GaussianStep(100, 1, 1, 1, 0)),
            1);

    private static final int SIZE = 2;
    private static final String SHIFT = "shift";

    private final Backend backend;
    private final LogProbReduction reduction;
    private final TensorData shift;

    public ShiftPolicy(Backend backend, LogProbReduction reduction, double... shift) {
        this.backend = backend;
        this.reduction = reduction;
        this.shift = TensorData.zeros(DataType.FLOAT32, Shape.of(1, SIZE, 1, 1));
        for (int i = 0; i < SIZE; i++) {
            this.shift.setDouble(i, shift[i]);
        }
    }

    /** The learned numbers, [2]. */
    public double[] shift() {
        return shift.toDoubles();
    }

    @Override
    public Rollout rollout(RolloutRequest request) {
        List<Trajectory> trajectories = new ArrayList<>();
        for (int i = 0; i < request.prompts().size(); i++) {
            trajectories.add(trajectory(request.prompts().get(i).text(), i, request.noise()));
        }
        return new Rollout(trajectories);
    }

    private Trajectory trajectory(String prompt, int index, Noise noise) {
        float[] output = shift.toFloats();
        float[] current = noise.draw(index, 0, SIZE);
        List<float[]> states = new ArrayList<>(List.of(current));
        List<GaussianStep> actions = SCHEDULE.steps().subList(0, SCHEDULE.actions());
        double[] logProbs = new double[actions.size()];
        for (int k = 0; k < actions.size(); k++) {
            float[] next = actions.get(k).next(current, output, noise.draw(index, k + 1, SIZE));
            logProbs[k] = actions.get(k).logProb(current, output, next, reduction);
            states.add(next);
            current = next;
        }
        float[] latent = SCHEDULE.decode().next(current, output, new float[SIZE]);
        Sample picture = Sample.of(prompt, 1, 1, new float[] {latent[0], latent[1], 0});
        return Trajectory.of(Map.of(), states, actions, logProbs, picture, latent);
    }

    @Override
    public Map<String, TensorData> parameters() {
        return Map.of(SHIFT, shift);
    }

    @Override
    public Schedule schedule() {
        return SCHEDULE;
    }

    @Override
    public PolicyGraph graph(int rows) {
        Value sample = Value.input(ConsistencyModel.SAMPLE, DataType.FLOAT32, Shape.of(rows, SIZE, 1, 1));
        Value timestep = Value.input(ConsistencyModel.TIMESTEP, DataType.FLOAT32, Shape.of(rows));
        Value parameter = Value.input(SHIFT, DataType.FLOAT32, shift.shape());
        Graph network =
                new Graph(List.of(sample, timestep, parameter), Map.of("out", parameter.expand(sample.shape())));
        Value zeros = Value.constant(TensorData.zeros(DataType.FLOAT32, sample.shape()));
        return PolicyGraph.of(network, List.of(parameter), reduction)
                .withBase(new Graph(List.of(sample, timestep), Map.of("out", zeros)))
                .withDecoder(() -> decoder(rows));
    }

    private static Graph decoder(int rows) {
        Value latents = Value.input(ConsistencyModel.LATENTS, DataType.FLOAT32, Shape.of(rows, SIZE, 1, 1));
        return Graph.of("picture", latents.pad(0, 0, 0, 0, 0, 1, 0, 0));
    }

    @Override
    public Backend backend() {
        return backend;
    }

    @Override
    public void close() {}
}
