package dev.rlcm.ppo;

import dev.rlcm.check.Check;
import dev.rlcm.mdp.ForwardStep;
import dev.rlcm.mdp.Schedule;
import dev.rlcm.policy.Trajectory;
import dev.rlcm.policy.Transition;
import dev.rlcm.random.RandomStreams;
import java.util.ArrayList;
import java.util.List;

/** See {@link RowSource#noised}. */
record NoisedLatents(List<ForwardStep> steps, int draws) implements RowSource {
    NoisedLatents {
        steps = List.copyOf(steps);
        Check.that(!steps.isEmpty(), "steps", "at least one", steps);
        Check.atLeast(1, "draws", draws);
    }

    @Override
    public List<Transition> rows(Trajectory trajectory, RandomStreams random) {
        float[] clean = finalLatent(trajectory);
        List<Transition> rows = new ArrayList<>();
        for (int draw = 0; draw < draws; draw++) {
            RandomStreams stream = random.at(draw);
            ForwardStep step = steps.get(stream.at("timestep").generator().nextInt(steps.size()));
            float[] noised = step.noised(clean, stream.at("noise").gaussians(clean.length));
            Trajectory back = Trajectory.of(
                    trajectory.conditioning(),
                    List.of(noised, clean),
                    List.of(step.likelihood()),
                    new double[] {Double.NaN},
                    trajectory.sample());
            rows.add(new Transition(back, 0));
        }
        return rows;
    }

    /** @throws IllegalArgumentException if the trajectory does not hold it */
    static float[] finalLatent(Trajectory trajectory) {
        return trajectory
                .latent()
                .orElseThrow(() -> new IllegalArgumentException("the trajectory of \"" + trajectory.prompt()
                        + "\" does not hold its final latent; make it with Trajectory.of(..., latent)"));
    }

    @Override
    public int count(Schedule schedule) {
        return draws;
    }

    @Override
    public LogProbs logProbs() {
        return LogProbs.EVALUATED;
    }
}
