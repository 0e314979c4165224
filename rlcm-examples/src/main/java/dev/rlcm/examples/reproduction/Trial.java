package dev.rlcm.examples.reproduction;

import dev.rlcm.examples.options.Task;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** One training run: a contender on a task with a seed. */
record Trial(Task task, Contender contender, long seed) {
    /** Where its files are, below the study's directory. */
    Path path() {
        return Path.of(task.toString(), contender.word(), "seed-" + seed);
    }

    /**
     * The command line of the training command that makes this run. Samples of a prompt are compared with each other, on the scale
     * of their spread, and nothing but the reward is asked for, unless the contender says otherwise.
     */
    List<String> options() {
        List<String> options = new ArrayList<>(List.of(
                "--reward=" + task,
                "--seed=" + seed,
                "--steps=" + contender.steps(),
                "--epochs=" + contender.epochs(),
                "--samples-per-prompt=4"));
        options.addAll(contender.options());
        return List.copyOf(options);
    }

    @Override
    public String toString() {
        return task + ", " + contender.name() + ", seed " + seed;
    }
}
