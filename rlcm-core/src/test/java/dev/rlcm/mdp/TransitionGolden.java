package dev.rlcm.mdp;

import static dev.rlcm.mdp.Goldens.assertClose;

import dev.rlcm.graph.TensorData;
import java.util.Map;

/** One recorded transition of a batch of latents, with its log-probabilities, as both step fixtures hold them. */
record TransitionGolden(Map<String, TensorData> arrays, String prefix) {
    TensorData get(String name) {
        TensorData data = arrays.get(prefix + name);
        if (data == null) {
            throw new AssertionError("no " + prefix + name);
        }
        return data;
    }

    void assertMean(GaussianStep step, String name, double tolerance) {
        assertClose(
                prefix + name,
                step.mean(floats("sample"), floats("model_output")),
                get(name).toDoubles(),
                tolerance);
    }

    void assertNext(GaussianStep step, double tolerance) {
        float[] next = step.next(floats("sample"), floats("model_output"), floats("noise"));
        double[] widened = new double[next.length];
        for (int i = 0; i < next.length; i++) {
            widened[i] = next[i];
        }
        assertClose(prefix + "prev_sample", widened, get("prev_sample").toDoubles(), tolerance);
    }

    void assertLogProb(GaussianStep step, String next, String expected, double tolerance) {
        int rows = get("sample").shape().dim(0);
        double[] logProbs = new double[rows];
        for (int b = 0; b < rows; b++) {
            logProbs[b] = step.logProb(
                    Goldens.row(get("sample"), b),
                    Goldens.row(get("model_output"), b),
                    Goldens.row(get(next), b),
                    LogProbReduction.MEAN);
        }
        assertClose(prefix + expected, logProbs, get(expected).toDoubles(), tolerance);
    }

    /** d log pi / d m = b (next - mean) / (sigma^2 D), relative to its largest element. */
    void assertGradient(GaussianStep step, double tolerance) {
        double[] mean = step.mean(floats("sample"), floats("model_output"));
        double[] next = get("other_prev_sample").toDoubles();
        double[] expected = get("other_dlogprob_dmodel_output").toDoubles();
        int elements = mean.length / get("sample").shape().dim(0);
        double[] gradient = new double[mean.length];
        double largest = 0;
        for (int i = 0; i < mean.length; i++) {
            gradient[i] = step.modelCoefficient() * (next[i] - mean[i]) / (step.sigma() * step.sigma() * elements);
            largest = Math.max(largest, Math.abs(expected[i]));
        }
        for (int i = 0; i < mean.length; i++) {
            gradient[i] /= largest;
            expected[i] /= largest;
        }
        assertClose(prefix + "gradient", gradient, expected, tolerance);
    }

    private float[] floats(String name) {
        return get(name).toFloats();
    }
}
