package dev.rlcm.examples.reproduction;

import dev.rlcm.backend.Backend;
import dev.rlcm.examples.options.Task;
import dev.rlcm.examples.run.StopSignal;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** The whole of a reproduction: makes the trials of the study and keeps the page up to date. */
public final class Reproduction {
    private final ReproduceOptions options;

    public Reproduction(ReproduceOptions options) {
        this.options = options;
    }

    /**
     * Does what is not done yet. Ctrl-C ends it after the epoch in progress; the same command goes on.
     *
     * @throws IOException if a file cannot be read or written
     */
    public void execute() throws IOException {
        Set<String> algorithms = options.algorithms();
        try (Backend backend = options.common().openBackend()) {
            TrialRunner runner =
                    new TrialRunner(options.output, backend, options.scale().evaluated(), options.runOptions());
            List<String> notes = new ArrayList<>();
            List<Task> tasks = tasks(runner, notes);
            Task horizonTask = options.horizonTask != null
                    ? options.horizonTask
                    : tasks.contains(Task.AESTHETIC) ? Task.AESTHETIC : tasks.get(0);
            ReproductionPage page = new ReproductionPage(options.output, notes, runner);
            Study study = new Study(
                    tasks, horizonTask, options.algorithmTask, algorithms, options.scale(), new Study.Laboratory() {
                        @Override
                        public TrialRecord run(Trial trial) throws IOException, InterruptedException {
                            return runner.run(trial);
                        }

                        @Override
                        public void found(Findings findings) throws IOException {
                            page.write(findings);
                        }
                    });
            try (StopSignal signal = StopSignal.install(runner::stop)) {
                study.run();
            } catch (InterruptedException e) {
                System.out.println("Not finished (" + e.getMessage() + "); the same command goes on");
            }
            System.out.println(
                    "report: " + options.output.resolve("report.html").toAbsolutePath());
        }
    }

    /** Those whose rewards can be made. */
    private List<Task> tasks(TrialRunner runner, List<String> notes) throws IOException {
        List<Task> tasks = new ArrayList<>();
        for (Task task : options.tasks) {
            try {
                runner.reward(task);
                tasks.add(task);
            } catch (IllegalArgumentException e) {
                notes.add("The task " + task + " is left out: " + e.getMessage() + ".");
            }
        }
        if (tasks.isEmpty()) {
            throw new IllegalArgumentException("none of the tasks " + options.tasks + " can be done: " + notes);
        }
        if (tasks.contains(Task.CLIPSCORE)) {
            notes.add(
                    "The task clipscore stands for the paper's prompt-image alignment, which needs a vision-language model.");
        }
        return tasks;
    }
}
