package dev.rlcm.rewards;

import dev.rlcm.onnx.pipeline.encoders.ClipImageEncoder;
import dev.rlcm.onnx.pipeline.encoders.ClipTextEncoder;
import dev.rlcm.reward.Sample;
import java.util.List;

/** Similarities of embeddings of unit length. */
final class Cosines {
    private Cosines() {}

    /** Of every picture and its prompt. */
    static double[] ofPrompts(ClipImageEncoder images, ClipTextEncoder texts, List<Sample> samples) {
        List<double[]> embeddings = images.embed(samples);
        double[] cosines = new double[samples.size()];
        for (int i = 0; i < cosines.length; i++) {
            cosines[i] = dot(embeddings.get(i), texts.embed(samples.get(i).prompt()));
        }
        return cosines;
    }

    static double dot(double[] left, double[] right) {
        if (left.length != right.length) {
            throw new IllegalArgumentException("cannot compare embeddings of " + left.length + " and " + right.length
                    + " elements; take both from the same model");
        }
        double sum = 0;
        for (int i = 0; i < left.length; i++) {
            sum += left[i] * right[i];
        }
        return sum;
    }
}
