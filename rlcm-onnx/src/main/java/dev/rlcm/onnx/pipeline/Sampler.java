package dev.rlcm.onnx.pipeline;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.Executable;
import dev.rlcm.compilation.Lowering;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.mdp.GaussianStep;
import dev.rlcm.mdp.Schedule;
import dev.rlcm.onnx.pipeline.component.ExecutablesBySize;
import dev.rlcm.onnx.pipeline.component.Rows;
import dev.rlcm.policy.ConsistencyModel;
import dev.rlcm.random.Noise;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Draws latents by a schedule, in plain Java around the network. Thread-safe. */
final class Sampler {
    private static final int LATENT_PIXELS_PER_RUN = 1 << 12; // 16 latents of 16 x 16; one of Stable Diffusion's size

    private final Shape latent;
    private final int mostPerRun;
    private final ExecutablesBySize executables;

    Sampler(ConsistencyModel model, Backend backend) {
        this.latent = model.latentShape();
        Lowering lowering = Lowering.of(backend);
        this.executables = new ExecutablesBySize(batch -> backend.compile(lowering.forward(model.denoiser(batch))));
        int pixels = latent.dim(1) * latent.dim(2);
        this.mostPerRun = Math.max(1, LATENT_PIXELS_PER_RUN / pixels);
    }

    /** One latent per row of conditioning: [B,C,h,w]. */
    TensorData sample(List<Map<String, TensorData>> conditions, Schedule schedule, Noise noise) {
        List<TensorData> latents = new ArrayList<>();
        for (Rows.Chunk chunk : Rows.chunks(conditions.size(), mostPerRun)) {
            Map<String, TensorData> inputs = new LinkedHashMap<>();
            for (String name : conditions.get(0).keySet()) {
                inputs.put(
                        name,
                        Rows.stack(conditions.subList(chunk.from(), chunk.to()).stream()
                                .map(row -> row.get(name))
                                .toList()));
            }
            float[] drawn = draw(inputs, chunk, schedule, noise);
            TensorData part = TensorData.floats(Rows.prepend(chunk.size(), latent), drawn);
            for (int i = 0; i < chunk.size(); i++) {
                latents.add(Rows.slice(part, i, i + 1).reshape(latent));
            }
        }
        return Rows.stack(latents);
    }

    private float[] draw(Map<String, TensorData> inputs, Rows.Chunk chunk, Schedule schedule, Noise noise) {
        Executable executable = executables.of(chunk.size());
        Shape shape = Rows.prepend(chunk.size(), latent);
        float[] x = noise(noise, chunk, 0, shape);
        for (int i = 0; i < x.length; i++) {
            x[i] *= (float) schedule.initialScale();
        }
        int last = schedule.evaluations() - 1;
        for (int k = 0; k <= last; k++) {
            GaussianStep step = k == last ? schedule.decode() : schedule.steps().get(k);
            float[] scaled = x;
            inputs.put(
                    Denoiser.SAMPLE, TensorData.generate(DataType.FLOAT32, shape, i -> step.inputScale() * scaled[i]));
            inputs.put(
                    Denoiser.TIMESTEP,
                    TensorData.generate(DataType.FLOAT32, Shape.of(chunk.size()), i -> step.timestep()));
            float[] output = executable.run(inputs).values().iterator().next().toFloats();
            x = step.next(x, output, step.isStochastic() ? noise(noise, chunk, k + 1, shape) : new float[x.length]);
        }
        return x;
    }

    private static float[] noise(Noise noise, Rows.Chunk chunk, int k, Shape shape) {
        float[] values = new float[(int) shape.size()];
        int row = values.length / chunk.size();
        for (int i = 0; i < chunk.size(); i++) {
            System.arraycopy(noise.draw(chunk.from() + i, k, row), 0, values, i * row, row);
        }
        return values;
    }
}
