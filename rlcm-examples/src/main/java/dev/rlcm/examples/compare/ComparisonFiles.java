package dev.rlcm.examples.compare;

import dev.rlcm.examples.options.Goal;
import dev.rlcm.examples.report.Bars;
import dev.rlcm.examples.report.Curves;
import dev.rlcm.examples.report.ImageGrid;
import dev.rlcm.examples.report.RunReport;
import dev.rlcm.examples.run.Evaluator;
import dev.rlcm.lora.LoraAdapter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** The adapters, charts, pictures and page of a comparison. */
public final class ComparisonFiles {
    private final Path directory;
    private final CompareOptions options;
    private final Goal task;

    public ComparisonFiles(Path directory, CompareOptions options) {
        this.directory = directory;
        this.options = options;
        this.task = options.goal();
    }

    /** Keeps what a contender learned. */
    public void save(Contender contender, LoraAdapter adapter) throws IOException {
        String name = contender.method().name().toLowerCase(Locale.ROOT) + "-" + contender.steps();
        adapter.save(directory.resolve(name + ".safetensors"));
    }

    /** Replaces what was written of fewer outcomes; there must be at least one. */
    public void write(List<Outcome> outcomes) throws IOException {
        String reward = task.measure().reward() + " on " + Evaluator.EVALUATED + " fixed prompts and noises";
        Curves pictures = Curves.of(reward, "pictures sampled");
        Curves seconds = Curves.of(reward, "seconds of training");
        Bars sampling = Bars.of("Sampling a picture", "ms");
        ImageGrid grid = outcomes.get(0).before().emptyGrid();
        for (Outcome outcome : outcomes) {
            String name = outcome.contender().name();
            pictures = pictures.with(name, outcome.curve(Effort::pictures));
            seconds = seconds.with(name, outcome.curve(Effort::trainingSeconds));
            sampling = sampling.with(name, outcome.samplingMillisPerPicture());
            grid = grid.withRow(name + ": before", outcome.before().tiles())
                    .withRow("after", outcome.after().tiles());
        }
        pictures.write(directory.resolve("reward-by-pictures.png"));
        seconds.write(directory.resolve("reward-by-seconds.png"));
        sampling.write(directory.resolve("sampling-time.png"));
        grid.write(directory.resolve("before-after.png"));
        RunReport.titled("RLCM and DDPO: " + task.title(), "mean " + quantity() + " before and after training")
                .metrics("Results", outcomes.stream().map(Outcome::summary).toList())
                .figure("By pictures", pictures.render(), "What a number of sampled pictures teaches.")
                .figure("By time", seconds.render(), "What a time of training teaches; evaluation is not counted.")
                .figure("Sampling", sampling.render(), "Time to draw a picture while training, in batches.")
                .figure("Before and after", grid.render(), "The same prompts and noises before and after training.")
                .table("Configuration", options.summary())
                .write(directory.resolve("report.html"));
    }

    /** Says on the terminal what the page says; nothing if there is no page. */
    public void print(List<Outcome> outcomes) {
        for (Outcome outcome : outcomes) {
            System.out.printf(
                    Locale.ROOT,
                    "%-16s mean %s %.3f -> %.3f (%+.1f %%), %d pictures, %.0f s, %.0f ms to sample one%n",
                    outcome.contender().name(),
                    quantity(),
                    outcome.before().mean(),
                    outcome.after().mean(),
                    outcome.percentChange(),
                    outcome.effort().pictures(),
                    outcome.effort().trainingSeconds(),
                    outcome.samplingMillisPerPicture());
        }
        if (!outcomes.isEmpty()) {
            System.out.println("results: " + directory.toAbsolutePath());
        }
    }

    private String quantity() {
        String unit = task.measure().unit();
        return task.measure().quantity() + (unit.isEmpty() ? "" : " (" + unit + ")");
    }
}
