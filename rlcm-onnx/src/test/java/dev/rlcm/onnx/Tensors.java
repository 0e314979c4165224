package dev.rlcm.onnx;

import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.random.RandomGenerator;

/** Random tensors and distances. */
public final class Tensors {
    private Tensors() {}

    /** Standard normal for reals, small numbers for integers, which are token ids, masks or timesteps. */
    static TensorData random(Value input, RandomGenerator random) {
        boolean mask = input.label().contains("mask") || input.label().contains("type");
        return TensorData.generate(
                input.type(),
                input.shape(),
                i -> input.type().isFloating() ? random.nextGaussian() : mask ? 1 : random.nextInt(60));
    }

    /** Largest difference over the largest magnitude of the expected values, or over 1 if that is smaller. */
    public static double relativeError(TensorData actual, TensorData expected) {
        double error = 0;
        double scale = 1;
        for (int i = 0; i < expected.size(); i++) {
            double difference = Math.abs(actual.getDouble(i) - expected.getDouble(i));
            error = Math.max(error, Double.isNaN(difference) ? Double.POSITIVE_INFINITY : difference);
            scale = Math.max(scale, Math.abs(expected.getDouble(i)));
        }
        return error / scale;
    }
}
