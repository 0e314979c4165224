package dev.rlcm.examples.reproduction;

import dev.rlcm.examples.options.Task;
import dev.rlcm.examples.report.Bars;
import dev.rlcm.examples.report.Curves;
import dev.rlcm.examples.reproduction.TrialRecord.Point;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** The report of a study: verdicts, figures and tables. */
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
        StudyReport report = new StudyReport(
                directory,
                "RL for consistency models: the paper's comparisons on the embedded models",
                "Mean and standard deviation over seeds, on fixed prompts and noises; of differences, two standard errors.");
        notes.forEach(report::note);
        if (!findings.missing().isEmpty()) {
            report.note("Not everything was done when this was written; the same command goes on. Left out: "
                    + String.join("; ", findings.missing()) + ".");
        }
        report.rows("Findings", Verdicts.of(findings));
        report.rows("RLCM beside DDPO", Tables.comparisons(findings));
        report.rows("Results", findings.methods().stream().map(Tables::result).toList());
        for (Task task : findings.tasks()) {
            List<Result> results = findings.methods().stream()
                    .filter(result -> result.task() == task)
                    .toList();
            TaskFigures figures = new TaskFigures(results);
            figures.addTo(report);
            figures.addPictures(report, results.stream().map(this::shown).toList());
        }
        if (!findings.horizons().isEmpty()) {
            horizons(report, findings.horizons());
        }
        if (!findings.algorithms().isEmpty()) {
            algorithms(report, findings.algorithms());
        }
        report.rows("Sweeps", findings.sweeps().stream().map(Tables::sweep).toList());
        report.table("Options of the training command", options(findings));
        report.write();
    }

    private Path shown(Result result) {
        return runner.folder(new Trial(result.task(), result.contender(), TrialRun.SHOWN_SEED));
    }

    private static void horizons(StudyReport report, List<Result> results) throws IOException {
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
        String task = results.get(0).task().toString();
        report.figure(
                "Horizons on " + task + " (Fig. 7)",
                "horizons",
                curves.render(),
                "RLCM with several horizons; bands are one standard deviation over the seeds.");
        report.figure("Their inference time", "horizons-time", bars.render(), "Time of a picture, in batches of 16.");
        report.rows("Horizons", results.stream().map(Tables::result).toList());
    }

    private static void algorithms(StudyReport report, List<Result> results) throws IOException {
        List<Result> byPictures = ranked(results, result -> result.rate(Point::pictures, 1000));
        List<Result> byTime = ranked(results, result -> result.rate(Point::seconds, 60));
        Curves curves = Curves.of(results.get(0).task().measure.reward(), "seconds of training");
        for (Result result : byPictures.subList(0, Math.min(DRAWN, byPictures.size()))) {
            curves = curves.with(result.contender().name(), TaskFigures.course(result, Point::seconds, Point::seen));
        }
        report.rows(
                "Algorithms on " + results.get(0).task(),
                byPictures.stream()
                        .map(result ->
                                Tables.algorithm(result, 1 + byPictures.indexOf(result), 1 + byTime.indexOf(result)))
                        .toList());
        report.figure(
                "Algorithms by time",
                "algorithms",
                curves.render(),
                "The algorithms that gained most, all with 4 steps; bands are one standard deviation over the seeds.");
    }

    private static List<Result> ranked(List<Result> results, Function<Result, Spread> rate) {
        return results.stream()
                .sorted(Comparator.comparingDouble(
                        (Result result) -> -rate.apply(result).mean()))
                .toList();
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
