package dev.rlcm.examples.reproduction;

import dev.rlcm.examples.report.MarkdownReport;
import dev.rlcm.examples.report.Png;
import dev.rlcm.examples.report.RunReport;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A report in two forms: {@code report.html}, a page that needs no other file, and {@code summary/summary.md} with the figures beside
 * it, which can be put into a project's documentation as it is.
 */
final class StudyReport {
    private final Path directory;
    private final Path figures;
    private final RunReport page;
    private final MarkdownReport summary;

    /** @param directory of both */
    StudyReport(Path directory, String title, String subtitle) throws IOException {
        this.directory = directory;
        this.figures = directory.resolve("summary");
        this.page = RunReport.titled(title, subtitle);
        this.summary = MarkdownReport.titled(title, subtitle);
        Files.createDirectories(figures);
    }

    void note(String sentence) {
        page.note(sentence);
        summary.note(sentence);
    }

    /** A table, if it has rows. */
    void rows(String heading, List<? extends Map<String, ?>> rows) {
        if (!rows.isEmpty()) {
            page.rows(heading, rows);
            summary.rows(heading, rows);
        }
    }

    void table(String heading, Map<String, ?> entries) {
        page.table(heading, entries);
        summary.table(heading, entries);
    }

    /** @param name of the file, without its ending */
    void figure(String heading, String name, BufferedImage picture, String caption) throws IOException {
        page.figure(heading, picture, caption);
        Png.write(figures.resolve(name + ".png"), picture);
        summary.figure(heading, name + ".png", caption);
    }

    void write() throws IOException {
        page.write(directory.resolve("report.html"));
        summary.write(figures.resolve("summary.md"));
    }
}
