package dev.rlcm.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReproduceTest {
    @TempDir
    Path directory;

    /** All of it, as small as it can be; then again, which must find everything done. */
    @Test
    void aStudyIsOnePageAndGoesOnWhereItWas() throws IOException {
        Path study = directory.resolve("study");
        Object[] arguments = {
            "--size", "tiny",
            "--tasks", "brightness,judge",
            "--algorithm-task", "brightness",
            "--algorithms", "direct",
            "--run-options", "--trajectories 4 --rank 1 --minibatch 4",
            "--output", study
        };
        Commands.succeed(new Reproduce(), arguments);
        assertThat(study.resolve("report.html"))
                .content()
                .contains("RLCM, 2 steps", "RLCM, 4 steps", "DDPO, 3 steps", "direct")
                .contains("(Fig. 3)", "(Fig. 4)", "(Fig. 5)", "(Fig. 6)", "(Fig. 7)", "(Fig. 8)")
                .contains("The task judge is left out")
                .doesNotContain("src=\"http", "diverged</td>");
        Path record = study.resolve("brightness/rlcm-4-steps/seed-1/record.json");
        FileTime made = Files.getLastModifiedTime(record);
        Path unfinished = study.resolve("brightness/rlcm-2-steps/seed-1/record.json");
        Files.delete(unfinished);
        Commands.succeed(new Reproduce(), arguments);
        assertThat(Files.getLastModifiedTime(record)).isEqualTo(made);
        assertThat(unfinished).exists();
        Path summary = study.resolve("summary");
        try (Stream<Path> files = Files.list(summary)) {
            assertThat(files.filter(file -> file.toString().endsWith(".png"))).hasSize(8);
        }
        String markdown = Files.readString(summary.resolve("summary.md"));
        assertThat(markdown)
                .contains("## Findings", "| claim | measured | verdict |", "## Results", "--reward=brightness")
                .contains("RLCM ends higher than DDPO (brightness)");
        Matcher figures = Pattern.compile("\\]\\(([^)]+)\\)").matcher(markdown);
        assertThat(figures.results().map(figure -> summary.resolve(figure.group(1))))
                .hasSize(8)
                .allMatch(Files::exists);
    }

    @Test
    void unknownAlgorithmsAreRefused() {
        assertThat(Commands.fail(new Reproduce(), "--algorithms", "ppo,best", "--output", directory))
                .contains("there is no algorithm \"best\"", "diffusion-dpo");
    }

    @Test
    void aStudyNeedsTime() {
        assertThat(Commands.fail(new Reproduce(), "--minutes", "0", "--output", directory))
                .contains("minutes must be positive, got 0");
    }

    @Test
    void aStudyOfNothingIsRefused() {
        assertThat(Commands.fail(new Reproduce(), "--size", "tiny", "--tasks", "judge", "--output", directory))
                .contains("none of the tasks [judge] can be done", "needs --judge");
    }
}
