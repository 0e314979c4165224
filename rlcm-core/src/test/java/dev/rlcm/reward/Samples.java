package dev.rlcm.reward;

import java.util.ArrayList;
import java.util.List;

/** One-pixel samples for tests: sample i has red = values[i] and the prompt "prompt i". */
final class Samples {
    private Samples() {}

    static List<Sample> ofReds(double... values) {
        List<Sample> samples = new ArrayList<>();
        for (double value : values) {
            samples.add(Sample.of("prompt " + samples.size(), 1, 1, new float[] {(float) value, 0.25f, 0.5f}));
        }
        return samples;
    }

    /** Sample i has the prompt i and red = values[i]. */
    static List<Sample> ofPrompts(String[] prompts, double... values) {
        List<Sample> samples = new ArrayList<>();
        for (int i = 0; i < prompts.length; i++) {
            samples.add(Sample.of(prompts[i], 1, 1, new float[] {(float) values[i], 0.25f, 0.5f}));
        }
        return samples;
    }

    static List<Sample> count(int count) {
        double[] reds = new double[count];
        for (int i = 0; i < count; i++) {
            reds[i] = i;
        }
        return ofReds(reds);
    }
}
