package dev.rlcm.examples.reproduction;

import dev.rlcm.check.Check;
import dev.rlcm.examples.options.Task;
import dev.rlcm.examples.options.TrainOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The command line of {@code Reproduce}. */
public final class ReproduceOptions {
    /** How much is done. */
    enum Size {
        TINY(Scale.TINY),
        QUICK(Scale.QUICK),
        MEDIUM(Scale.MEDIUM),
        FULL(Scale.FULL);

        final Scale scale;

        Size(Scale scale) {
            this.scale = scale;
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Option(
            names = "--quick",
            description =
                    "About a quarter of an hour on two cores: few epochs of DDPO, and one seed of it but for the first"
                            + " task. The same as --size quick.")
    private boolean quick;

    @Option(
            names = "--size",
            paramLabel = "SIZE",
            description =
                    "${COMPLETION-CANDIDATES}: full takes a night, medium an hour or two, tiny only shows that everything"
                            + " works. Default: ${DEFAULT-VALUE}.")
    private Size size = Size.FULL;

    @Option(
            names = "--minutes",
            paramLabel = "M",
            description =
                    "Ends after so many minutes, when the epoch in progress is done, and says what was left out. The same"
                            + " command goes on. Without it, everything is done.")
    @Nullable
    private Long minutes;

    @Option(
            names = "--parts",
            split = ",",
            paramLabel = "PART",
            description = "What is done: ${COMPLETION-CANDIDATES}. Default: all.")
    Set<StudyPlan.Part> parts = EnumSet.allOf(StudyPlan.Part.class);

    @Option(
            names = "--tasks",
            split = ",",
            paramLabel = "REWARD",
            description =
                    "What is trained for; the first is what learning rates are chosen by. Default: ${DEFAULT-VALUE}.")
    List<Task> tasks = List.of(Task.COMPRESSIBILITY, Task.INCOMPRESSIBILITY, Task.AESTHETIC, Task.CLIPSCORE);

    @Option(
            names = "--horizon-task",
            paramLabel = "REWARD",
            description =
                    "What several horizons are compared by. Default: aesthetic if it is among the tasks, else the first.")
    @Nullable
    Task horizonTask;

    @Option(
            names = "--algorithm-task",
            paramLabel = "REWARD",
            description = "What all algorithms are compared by; one with a gradient. Default: ${DEFAULT-VALUE}.")
    Task algorithmTask = Task.CLIPSCORE;

    @Option(
            names = "--algorithms",
            split = ",",
            paramLabel = "NAME",
            completionCandidates = AlgorithmNames.class,
            description = "What the table of algorithms has: ${COMPLETION-CANDIDATES}. Default: all.")
    private List<String> algorithms = List.of();

    @Option(
            names = "--output",
            paramLabel = "DIR",
            description = "Where the files go. What is there already is gone on with. Default: ${DEFAULT-VALUE}.")
    Path output = Path.of("runs", "reproduction");

    @Option(
            names = "--run-options",
            split = " ",
            paramLabel = "\"OPTIONS\"",
            description = "Further options of every run, as Train has them, such as \"--clip DIR --device cuda\".")
    private List<String> runOptions = List.of();

    /** @throws IllegalArgumentException if one of them is not known */
    Set<String> algorithms() {
        Set<String> known = Study.algorithmNames();
        for (String name : algorithms) {
            if (!known.contains(name)) {
                throw new IllegalArgumentException("there is no algorithm \"" + name + "\"; choose among " + known);
            }
        }
        return algorithms.isEmpty() ? known : new LinkedHashSet<>(algorithms);
    }

    /** For the help. */
    static final class AlgorithmNames implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Study.algorithmNames().iterator();
        }
    }

    /** The time to end after, if there is one. */
    Optional<Duration> time() {
        if (minutes == null) {
            return Optional.empty();
        }
        Check.that(minutes > 0, "minutes", "positive", minutes);
        return Optional.of(Duration.ofMinutes(minutes));
    }

    Scale scale() {
        return (quick ? Size.QUICK : size).scale;
    }

    List<String> runOptions() {
        return runOptions.stream().filter(word -> !word.isBlank()).toList();
    }

    /** The options that no trial changes. */
    TrainOptions common() {
        return TrainOptions.of(runOptions());
    }
}
