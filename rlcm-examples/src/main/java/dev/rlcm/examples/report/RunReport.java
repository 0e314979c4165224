package dev.rlcm.examples.report;

import dev.rlcm.io.AtomicFiles;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A run as one HTML page that needs no other file and no network: sections appear in the order they are added. All text
 * is escaped.
 *
 * <p>A builder for one thread; it keeps text only, no pictures.
 */
public final class RunReport {
    /** What is zero but for rounding. */
    private static final double ROUNDING = 1e-12;

    private static final int RECENT_ROWS = 10;

    private final String title;
    private final StringBuilder body = new StringBuilder();

    private RunReport(String title) {
        this.title = title;
    }

    /** An empty page under a title; the subtitle may be empty. */
    public static RunReport titled(String title, String subtitle) {
        RunReport report = new RunReport(title);
        report.body.append("<header><h1>").append(Html.escape(title)).append("</h1>");
        if (!subtitle.isBlank()) {
            report.body
                    .append("<p class=\"muted\">")
                    .append(Html.escape(subtitle))
                    .append("</p>");
        }
        report.body.append("</header>\n");
        return report;
    }

    /** A sentence that nobody should miss. */
    public RunReport warning(String text) {
        body.append("<p class=\"warning\">").append(Html.escape(text)).append("</p>\n");
        return this;
    }

    /** A sentence on how to read the page. */
    public RunReport note(String text) {
        body.append("<p class=\"muted\">").append(Html.escape(text)).append("</p>\n");
        return this;
    }

    /**
     * What the run changed: a quantity before, after and the change in percent of the absolute value before.
     *
     * @param quantity such as {@code mean JPEG size}
     * @param unit such as {@code kB}; may be empty
     */
    public RunReport outcome(String quantity, double before, double after, String unit) {
        body.append("<section class=\"cards\">");
        card(quantity + " before", Html.number(before), unit);
        card(quantity + " after", Html.number(after), unit);
        double change = percentChange(before, after);
        if (Double.isFinite(change)) {
            card("change", String.format(Locale.ROOT, "%+.1f", change).replace('-', '\u2212'), "%");
        }
        body.append("</section>\n");
        return this;
    }

    /** The change in percent of the absolute value before; NaN if that is zero up to rounding, as for standardised mixes. */
    public static double percentChange(double before, double after) {
        return Math.abs(before) < ROUNDING ? Double.NaN : 100 * (after - before) / Math.abs(before);
    }

    /** A table of names and values, such as the run's settings, in the map's order. */
    public RunReport table(String heading, Map<String, ?> entries) {
        begin(heading);
        body.append("<table class=\"pairs\">");
        entries.forEach((name, value) -> body.append("<tr><th>")
                .append(Html.escape(name))
                .append("</th><td>")
                .append(Html.escape(String.valueOf(value)))
                .append("</td></tr>"));
        body.append("</table>");
        return end();
    }

    /**
     * A picture that becomes part of the page.
     *
     * @param caption says what to see; it is also the text for those who cannot see it
     */
    public RunReport figure(String heading, BufferedImage picture, String caption) {
        begin(heading);
        body.append("<figure><img alt=\"")
                .append(Html.escape(caption.isBlank() ? heading : caption))
                .append("\" src=\"")
                .append(Html.dataUri(picture))
                .append("\">");
        if (!caption.isBlank()) {
            body.append("<figcaption>").append(Html.escape(caption)).append("</figcaption>");
        }
        body.append("</figure>");
        return end();
    }

    /** The last rows of the metrics, all of them behind a click; the columns are those of the first row. */
    public RunReport metrics(String heading, List<? extends Map<String, ?>> rows) {
        begin(heading);
        if (rows.isEmpty()) {
            body.append("<p class=\"muted\">No epoch was completed.</p>");
            return end();
        }
        rows(rows.subList(Math.max(0, rows.size() - RECENT_ROWS), rows.size()));
        if (rows.size() > RECENT_ROWS) {
            body.append("<details><summary>All ").append(rows.size()).append(" rows</summary>");
            rows(rows);
            body.append("</details>");
        }
        return end();
    }

    /** All rows of a table; the columns are those of the first row. */
    public RunReport rows(String heading, List<? extends Map<String, ?>> all) {
        begin(heading);
        rows(all);
        return end();
    }

    /** A paragraph and, below it, a command or other text in a fixed-width face. */
    public RunReport command(String heading, String explanation, String command) {
        begin(heading);
        body.append("<p>").append(Html.escape(explanation)).append("</p><pre><code>");
        body.append(Html.escape(command)).append("</code></pre>");
        return end();
    }

    /** The whole page. */
    public String html() {
        return """
                <!DOCTYPE html>
                <html lang="en">
                <head>
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <meta name="color-scheme" content="light dark">
                <title>%s</title>
                <style>
                %s</style>
                </head>
                <body>
                %s</body>
                </html>
                """
                .formatted(Html.escape(title), Html.resource("report.css"), body);
    }

    /**
     * Writes the page in UTF-8, atomically.
     *
     * @throws IOException if it cannot be written
     */
    public void write(Path file) throws IOException {
        AtomicFiles.writeString(file, html());
    }

    private void card(String label, String value, String unit) {
        body.append("<div class=\"card\"><span class=\"muted\">")
                .append(Html.escape(label))
                .append("</span><strong>")
                .append(Html.escape(value));
        if (!unit.isEmpty()) {
            body.append("<small>").append(Html.escape(unit)).append("</small>");
        }
        body.append("</strong></div>");
    }

    private void rows(List<? extends Map<String, ?>> rows) {
        body.append("<div class=\"scroll\"><table class=\"numbers\"><thead><tr>");
        var columns = List.copyOf(rows.get(0).keySet());
        columns.forEach(
                column -> body.append("<th>").append(Html.escape(column)).append("</th>"));
        body.append("</tr></thead><tbody>");
        for (Map<String, ?> row : rows) {
            body.append("<tr>");
            for (String column : columns) {
                body.append("<td>").append(Html.escape(cell(row.get(column)))).append("</td>");
            }
            body.append("</tr>");
        }
        body.append("</tbody></table></div>");
    }

    private static String cell(@Nullable Object value) {
        return value instanceof Number number ? Html.number(number) : Objects.toString(value, "");
    }

    private void begin(String heading) {
        body.append("<section><h2>").append(Html.escape(heading)).append("</h2>\n");
    }

    private RunReport end() {
        body.append("</section>\n");
        return this;
    }
}
