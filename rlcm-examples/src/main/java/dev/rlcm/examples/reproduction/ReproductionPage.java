package dev.rlcm.examples.reproduction;

import dev.rlcm.examples.options.Task;
import dev.rlcm.examples.report.Bars;
import dev.rlcm.examples.report.Curves;
import dev.rlcm.examples.report.RunReport;
import dev.rlcm.examples.reproduction.TrialRecord.Point;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The report of a study: one page with all figures and tables, and the figures as files. */
final class ReproductionPage {
    /** How many algorithms a chart can show. */
    private static final int DRAWN = 8;

    private final Path directory;
    private final List<String> notes;
    private final TrialRunner runner;

    /** @param notes sentences on what was left out and what stands for what */
    ReproductionPage(Path directory, List<String> notes, TrialRunner runner) {
        this.directory = directory;
        this.notes = List.copyOf(notes);
        this.runner = runner;
    }

    /** Replaces what was written of fewer findings. */
    void write(Findings findings) throws IOException {
        RunReport report = RunReport.titled(
                "RL for consistency models: the paper's comparisons on the embedded models",
                "mean and standard deviation over seeds, on fixed prompts and noises");
        notes.forEach(report::note);
        if (!findings.methods().isEmpty()) {
            List<Map<String, Object>> claims = Tables.claims(findings.methods());
            if (!claims.isEmpty()) {
                report.rows("RLCM beside DDPO", claims);
            }
            report.rows(
                    "Results", findings.methods().stream().map(Tables::result).toList());
        }
        for (Task task :
                findings.methods().stream().map(Result::task).distinct().toList()) {
            List<Result> results = findings.methods().stream()
                    .filter(result -> result.task() == task)
                    .toList();
            TaskFigures figures = new TaskFigures(results);
            figures.addTo(report, directory);
            figures.addPictures(report, results.stream().map(this::shown).toList(), directory);
        }
        if (!findings.horizons().isEmpty()) {
            horizons(report, findings.horizons());
        }
        if (!findings.algorithms().isEmpty()) {
            algorithms(report, findings.algorithms());
        }
        if (!findings.sweeps().isEmpty()) {
            report.rows("Sweeps", findings.sweeps().stream().map(Tables::sweep).toList());
        }
        report.table("Options of the training command", options(findings)).write(directory.resolve("report.html"));
    }

    private Path shown(Result result) {
        return runner.folder(new Trial(result.task(), result.contender(), TrialRun.SHOWN_SEED));
    }

    private void horizons(RunReport report, List<Result> results) throws IOException {
        Curves curves = Curves.of(results.get(0).task().measure.reward(), "pictures sampled and rewarded");
        for (Result result : results) {
            curves = curves.with(result.contender().name(), TaskFigures.course(result, Point::pictures, Point::seen));
        }
        Bars bars = Bars.of("Sampling a picture", "ms");
        for (Result result : results) {
            if (result.millisPerPicture().isPresent()) {
                bars = bars.with(
                        result.contender().name(),
                        result.millisPerPicture().get().mean());
            }
        }
        curves.write(directory.resolve("horizons.png"));
        bars.write(directory.resolve("horizons-time.png"));
        String task = results.get(0).task().toString();
        report.figure("Horizons on " + task + " (Fig. 7)", curves.render(), "RLCM with several horizons.")
                .figure("Their inference time", bars.render(), "In batches of 16.")
                .rows("Horizons", results.stream().map(Tables::result).toList());
    }

    private void algorithms(RunReport report, List<Result> results) throws IOException {
        List<Result> ranked = results.stream()
                .sorted(Comparator.comparingDouble(
                        result -> -result.change(Point::seen).mean()))
                .toList();
        Curves curves = Curves.of(results.get(0).task().measure.reward(), "seconds of training");
        for (Result result : ranked.subList(0, Math.min(DRAWN, ranked.size()))) {
            curves = curves.with(result.contender().name(), TaskFigures.course(result, Point::seconds, Point::seen));
        }
        curves.write(directory.resolve("algorithms.png"));
        String task = results.get(0).task().toString();
        report.rows(
                        "Algorithms on " + task,
                        ranked.stream().map(Tables::algorithm).toList())
                .figure(
                        "Algorithms by time",
                        curves.render(),
                        "Those that gained most, all with 4 steps; see docs/algorithms.md.");
    }

    /** Of every contender. */
    private static Map<String, String> options(Findings findings) {
        Map<String, String> options = new LinkedHashMap<>();
        for (List<Result> section : List.of(findings.methods(), findings.horizons(), findings.algorithms())) {
            for (Result result : section) {
                options.put(
                        result.task() + ", " + result.contender().name(),
                        String.join(" ", new Trial(result.task(), result.contender(), TrialRun.SHOWN_SEED).options()));
            }
        }
        return options;
    }
}
