package dev.rlcm.examples.reproduction;

import dev.rlcm.examples.options.Task;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * What a {@link Study} compares.
 *
 * @param parts of the study that are done
 * @param tasks at least one; the sweeps are of the first
 * @param horizonTask that of the horizon ablation
 * @param algorithmTask that of the table of algorithms; its reward has a gradient
 * @param algorithms what is in the table, of {@link Study#algorithmNames()}
 */
record StudyPlan(Set<Part> parts, List<Task> tasks, Task horizonTask, Task algorithmTask, Set<String> algorithms) {
    /** A part that can be done without the others. */
    enum Part {
        /** RLCM beside DDPO, on every task. */
        METHODS,
        ALGORITHMS,
        HORIZONS;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    StudyPlan {
        parts = Set.copyOf(parts);
        tasks = List.copyOf(tasks);
        algorithms = Set.copyOf(algorithms);
    }

    boolean has(Part part) {
        return parts.contains(part);
    }
}
