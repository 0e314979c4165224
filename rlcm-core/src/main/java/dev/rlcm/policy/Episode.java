package dev.rlcm.policy;

import dev.rlcm.graph.TensorData;
import dev.rlcm.mdp.GaussianStep;
import dev.rlcm.mdp.LogProbReduction;
import dev.rlcm.mdp.Schedule;
import dev.rlcm.reward.Prompt;
import dev.rlcm.reward.Sample;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A trajectory while it is being sampled. */
final class Episode {
    private final Prompt prompt;
    private final Map<String, TensorData> conditioning;
    private final Schedule schedule;
    private final EpisodeNoise noise;
    private final List<float[]> states = new ArrayList<>();
    private final List<GaussianStep> actions = new ArrayList<>();
    private final List<Double> logProbs = new ArrayList<>();
    private float[] current;

    Episode(Prompt prompt, Map<String, TensorData> conditioning, Schedule schedule, EpisodeNoise noise) {
        this.prompt = prompt;
        this.conditioning = conditioning;
        this.schedule = schedule;
        this.noise = noise;
        this.current = noise.draw(0).clone();
        for (int i = 0; i < current.length; i++) {
            current[i] *= (float) schedule.initialScale();
        }
        states.add(current);
    }

    Prompt prompt() {
        return prompt;
    }

    Map<String, TensorData> conditioning() {
        return conditioning;
    }

    /** c x_k. */
    float[] networkInput(GaussianStep step) {
        if (step.inputScale() == 1) {
            return current;
        }
        float[] scaled = current.clone();
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] *= (float) step.inputScale();
        }
        return scaled;
    }

    /** Takes step k, given the network's output for it. */
    void advance(int k, float[] modelOutput, LogProbReduction reduction) {
        GaussianStep step = schedule.steps().get(k);
        boolean last = k == schedule.evaluations() - 1;
        float[] before = current;
        if (step.isStochastic()) {
            float[] next = step.next(before, modelOutput, noise.draw(k + 1));
            actions.add(step);
            logProbs.add(step.logProb(before, modelOutput, next, reduction));
            states.add(next);
            current = next;
        }
        GaussianStep decode = last ? schedule.decode() : step;
        if (!decode.isStochastic()) {
            current = decode.next(before, modelOutput, new float[before.length]);
        }
        if (k < schedule.firstAction()) {
            states.set(0, current);
        }
    }

    /** What is decoded, once all steps are taken. */
    float[] finalLatent() {
        return current;
    }

    /** @param sample of this episode's prompt */
    Trajectory finish(Sample sample) {
        double[] recorded = logProbs.stream().mapToDouble(Double::doubleValue).toArray();
        return Trajectory.of(conditioning, states, actions, recorded, sample, current);
    }
}
