package dev.rlcm.examples.reproduction;

import dev.rlcm.backend.Backend;
import dev.rlcm.examples.options.Task;
import dev.rlcm.examples.run.StopSignal;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** The whole of a reproduction: makes the trials of the study and keeps the page up to date. */
public final class Reproduction {
    private final ReproduceOptions options;

    public Reproduction(ReproduceOptions options) {
        this.options = options;
    }

    /**
     * Does what is not done yet. Ctrl-C, or the end of the time that it is given, ends it after the epoch in progress; the same
     * command goes on.
     *
     * @throws IOException if a file cannot be read or written
     */
    public void execute() throws IOException {
        Set<String> algorithms = options.algorithms();
        Optional<Duration> time = options.time();
        try (Backend backend = options.common().openBackend()) {
            TrialRunner runner =
                    new TrialRunner(options.output, backend, options.scale().evaluated(), options.runOptions());
            List<String> notes = new ArrayList<>();
            List<Task> tasks = tasks(runner, notes);
            Task horizonTask = options.horizonTask != null
                    ? options.horizonTask
                    : tasks.contains(Task.AESTHETIC) ? Task.AESTHETIC : tasks.get(0);
            ReproductionPage page = new ReproductionPage(options.output, notes, runner);
            PageLaboratory laboratory = new PageLaboratory(runner, page);
            StopSignal signal = StopSignal.install(runner::stop);
            try (signal) {
                time.ifPresent(limit -> CompletableFuture.delayedExecutor(limit.toSeconds(), TimeUnit.SECONDS)
                        .execute(runner::stop));
                StudyPlan plan = new StudyPlan(options.parts, tasks, horizonTask, options.algorithmTask, algorithms);
                Findings findings = new Study(plan, options.scale(), laboratory).run();
                page.write(findings);
                if (!findings.missing().isEmpty()) {
                    System.out.println("Not finished, the same command goes on. Left out: " + findings.missing());
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                System.out.println("Not finished; the same command goes on");
            }
            System.out.println(
                    "report: " + options.output.resolve("report.html").toAbsolutePath());
        }
    }

    /** Makes trials, and keeps the page up to date with what they find. */
    private static final class PageLaboratory implements Study.Laboratory {
        private final TrialRunner runner;
        private final ReproductionPage page;
        private boolean isNew;

        PageLaboratory(TrialRunner runner, ReproductionPage page) {
            this.runner = runner;
            this.page = page;
        }

        @Override
        public Optional<TrialRecord> run(Trial trial) throws IOException, InterruptedException {
            isNew |= !runner.knows(trial);
            return runner.run(trial);
        }

        @Override
        public void found(Findings findings) throws IOException {
            if (isNew && !runner.isStopping()) {
                page.write(findings);
                isNew = false;
            }
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
