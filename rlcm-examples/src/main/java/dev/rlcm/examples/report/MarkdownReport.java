package dev.rlcm.examples.report;

import dev.rlcm.io.AtomicFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A report as Markdown, for the documentation of a project: sections appear in the order they are added. Figures are files beside
 * it, which somebody else writes. A builder for one thread.
 */
public final class MarkdownReport {
    private final StringBuilder text = new StringBuilder();

    private MarkdownReport() {}

    /** An empty report under a title; the subtitle may be empty. */
    public static MarkdownReport titled(String title, String subtitle) {
        MarkdownReport report = new MarkdownReport();
        report.text.append("# ").append(title).append("\n");
        return subtitle.isBlank() ? report : report.note(subtitle);
    }

    /** A paragraph. */
    public MarkdownReport note(String sentence) {
        text.append("\n").append(sentence).append("\n");
        return this;
    }

    /** A table; the columns are those of the first row, of which there must be one. */
    public MarkdownReport rows(String heading, List<? extends Map<String, ?>> rows) {
        begin(heading);
        List<String> columns = List.copyOf(rows.get(0).keySet());
        line(columns);
        line(columns.stream().map(column -> "---").toList());
        rows.forEach(row ->
                line(columns.stream().map(column -> cell(row.get(column))).toList()));
        return this;
    }

    /** A table of names and values, in the map's order. */
    public MarkdownReport table(String heading, Map<String, ?> entries) {
        begin(heading);
        line(List.of("", ""));
        line(List.of("---", "---"));
        entries.forEach((name, value) -> line(List.of(name, cell(value))));
        return this;
    }

    /** A picture in a file, relative to the report. */
    public MarkdownReport figure(String heading, String file, String caption) {
        begin(heading);
        text.append("![").append(caption).append("](").append(file).append(")\n\n");
        text.append(caption).append("\n");
        return this;
    }

    /** The whole report. */
    public String markdown() {
        return text.toString();
    }

    /**
     * Writes the report in UTF-8, atomically.
     *
     * @throws IOException if it cannot be written
     */
    public void write(Path file) throws IOException {
        AtomicFiles.writeString(file, markdown());
    }

    private void begin(String heading) {
        text.append("\n## ").append(heading).append("\n\n");
    }

    private void line(List<String> cells) {
        cells.forEach(cell -> text.append("| ")
                .append(cell.replace("|", "\\|").replace("\n", " "))
                .append(" "));
        text.append("|\n");
    }

    private static String cell(@Nullable Object value) {
        return value instanceof Number number ? Html.number(number) : Objects.toString(value, "");
    }
}
