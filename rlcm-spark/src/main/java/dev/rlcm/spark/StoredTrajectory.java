package dev.rlcm.spark;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.mdp.GaussianStep;
import dev.rlcm.policy.Trajectory;
import dev.rlcm.reward.Sample;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A trajectory as executors keep it, and what the driver is to know of it.
 *
 * @param index in the rollout
 * @param conditioning see {@link Trajectory#conditioning}
 * @param states x_0 to x_K
 * @param steps of every action: timestep, input scale, sample coefficient, model coefficient, sigma and bound
 * @param summary for the driver
 */
record StoredTrajectory(
        int index,
        LinkedHashMap<String, Conditioning> conditioning,
        ArrayList<float[]> states,
        double[][] steps,
        Summary summary)
        implements Serializable {
    /** One row of a conditioning input, FLOAT32. */
    record Conditioning(int[] shape, float[] values) implements Serializable {
        TensorData toTensor() {
            return TensorData.floats(Shape.of(shape), values);
        }
    }

    /**
     * What the driver gets: no latents.
     *
     * @param logProbs of the actions
     * @param score of the whole picture, if it is scored where it was made
     * @param picture small, or whole where the driver scores it
     */
    record Summary(int index, PromptData prompt, double[] logProbs, @Nullable ScoreData score, PictureData picture)
            implements Serializable {}

    /** @param score if it is scored where it was made */
    static StoredTrajectory of(
            int index, Trajectory trajectory, PromptData prompt, @Nullable ScoreData score, PictureData picture) {
        LinkedHashMap<String, Conditioning> conditioning = new LinkedHashMap<>();
        trajectory.conditioning().forEach((name, tensor) -> {
            if (tensor.type() != DataType.FLOAT32) {
                throw new IllegalArgumentException("conditioning must be FLOAT32, " + name + " is " + tensor);
            }
            conditioning.put(name, new Conditioning(tensor.shape().toArray(), tensor.toFloats()));
        });
        int actions = trajectory.actions();
        ArrayList<float[]> states = new ArrayList<>();
        for (int k = 0; k <= actions; k++) {
            states.add(trajectory.state(k));
        }
        double[][] steps = IntStream.range(0, actions)
                .mapToObj(k -> numbers(trajectory.step(k)))
                .toArray(double[][]::new);
        double[] logProbs =
                IntStream.range(0, actions).mapToDouble(trajectory::logProb).toArray();
        return new StoredTrajectory(
                index, conditioning, states, steps, new Summary(index, prompt, logProbs, score, picture));
    }

    private static double[] numbers(GaussianStep step) {
        return new double[] {
            step.timestep(),
            step.inputScale(),
            step.sampleCoefficient(),
            step.modelCoefficient(),
            step.sigma(),
            step.bound()
        };
    }

    private static GaussianStep step(double[] numbers) {
        return new GaussianStep(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]);
    }

    /** The trajectory with the picture of the summary. */
    Trajectory toTrajectory() {
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        conditioning.forEach((name, row) -> tensors.put(name, row.toTensor()));
        Sample sample = summary.picture().toSample(summary.prompt().toPrompt());
        List<GaussianStep> actions =
                IntStream.range(0, steps.length).mapToObj(k -> step(steps[k])).toList();
        return Trajectory.of(tensors, states, actions, summary.logProbs(), sample);
    }
}
