package dev.rlcm.distill;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.Executable;
import dev.rlcm.compilation.Lowering;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import dev.rlcm.mdp.GaussianStep;
import dev.rlcm.mdp.Schedule;
import dev.rlcm.policy.ConsistencyModel;
import dev.rlcm.random.Noise;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Draws latents by a student as it is at the moment, a fixed number at once.
 *
 * <p>Not thread-safe. Closing frees the compiled network, as closing the backend does.
 */
public final class StudentSampler implements AutoCloseable {
    private final Student student;
    private final Executable network;
    private final RowBuffers buffers = new RowBuffers();
    private final Graph graph;
    private final String output;
    private final int rows;

    /** @param rows how many latents are drawn at once, at least 1 */
    public StudentSampler(Student student, int rows, Backend backend) {
        this.student = student;
        this.rows = rows;
        this.graph = student.network(rows);
        this.output = graph.outputs().keySet().iterator().next();
        buffers.add(graph.inputs().stream()
                .filter(input -> !student.parameters().containsKey(input.label()))
                .toList());
        this.network = backend.compile(Lowering.of(backend).forward(graph));
    }

    /**
     * A latent for each prompt.
     *
     * @param prompts as many as rows
     * @param schedule of a consistency model
     * @param guidance what the student is told, if it can be
     * @param parameters to sample with, by the names of {@link Student#parameters}
     * @return [rows,C,h,w], as {@link ConsistencyModel#decode} takes them
     * @throws IllegalArgumentException if there are more or fewer prompts
     */
    public TensorData sample(
            List<String> prompts, Schedule schedule, double guidance, Noise noise, Map<String, TensorData> parameters) {
        if (prompts.size() != rows) {
            throw new IllegalArgumentException("expected " + rows + " prompts, got " + prompts.size());
        }
        condition(student.model().condition(prompts, guidance));
        Map<String, TensorData> inputs = new LinkedHashMap<>(parameters);
        inputs.putAll(buffers.of(graph));
        TensorData result = TensorData.zeros(
                DataType.FLOAT32, graph.input(ConsistencyModel.SAMPLE).shape());
        int size = result.size() / rows;
        List<float[]> states = new ArrayList<>();
        for (int row = 0; row < rows; row++) {
            states.add(scaled(noise.draw(row, 0, size), schedule.initialScale()));
        }
        for (int k = 0; k < schedule.evaluations(); k++) {
            boolean last = k == schedule.evaluations() - 1;
            GaussianStep step = last ? schedule.decode() : schedule.steps().get(k);
            for (int row = 0; row < rows; row++) {
                buffers.set(ConsistencyModel.SAMPLE, row, scaled(states.get(row), step.inputScale()));
                buffers.set(ConsistencyModel.TIMESTEP, row, (float) step.timestep());
            }
            network.run(inputs, Map.of(output, result));
            for (int row = 0; row < rows; row++) {
                float[] own = new float[size];
                result.floats().get(row * size, own);
                float[] z = step.isStochastic() ? noise.draw(row, k + 1, size) : new float[size];
                states.set(row, step.next(states.get(row), own, z));
            }
        }
        for (int row = 0; row < rows; row++) {
            result.floats().put(row * size, states.get(row));
        }
        return result;
    }

    private void condition(List<Map<String, TensorData>> conditioning) {
        for (int i = 0; i < rows; i++) {
            int row = i;
            conditioning.get(row).forEach((name, values) -> buffers.set(name, row, values));
        }
    }

    private static float[] scaled(float[] values, double factor) {
        float[] scaled = values.clone();
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] *= (float) factor;
        }
        return scaled;
    }

    /** Frees the compiled network. Idempotent. */
    @Override
    public void close() {
        network.close();
    }
}
