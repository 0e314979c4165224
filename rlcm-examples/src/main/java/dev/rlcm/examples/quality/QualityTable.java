package dev.rlcm.examples.quality;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/** Measurements as a table in Markdown, a row at a time. */
public final class QualityTable {
    private final PrintWriter out;
    private final List<String> fields;

    /** @param fields that pictures are classified by, a column each */
    public QualityTable(PrintWriter out, List<String> fields) {
        this.out = out;
        this.fields = fields;
        List<String> heads = new ArrayList<>(List.of("pictures", "number", "Frechet x 1000", "precision", "recall"));
        fields.forEach(field -> heads.add(field + ", %"));
        heads.addAll(List.of("similarity", "kB", "PSNR, dB"));
        print(heads);
        print(heads.stream().map(head -> "---").toList());
    }

    /**
     * Prints a row.
     *
     * @param psnr of pictures that are copies of the reference
     */
    public void row(String name, Measurements measured, OptionalDouble psnr) {
        List<String> cells = new ArrayList<>();
        cells.add(name);
        cells.add(String.valueOf(measured.pictures()));
        cells.add(format("%.2f", 1000 * measured.frechet()));
        cells.add(format("%.3f", measured.precisionRecall().precision()));
        cells.add(format("%.3f", measured.precisionRecall().recall()));
        fields.forEach(
                field -> cells.add(format("%.1f", 100 * measured.accuracy().get(field))));
        cells.add(format("%.3f", measured.similarity()));
        cells.add(format("%.2f", measured.kilobytes()));
        cells.add(format("%.1f", psnr));
        print(cells);
    }

    private static String format(String pattern, OptionalDouble value) {
        return value.isPresent() ? format(pattern, value.getAsDouble()) : "";
    }

    private static String format(String pattern, double value) {
        return Double.isNaN(value) ? "" : String.format(Locale.ROOT, pattern, value);
    }

    private void print(List<String> cells) {
        out.println("| " + String.join(" | ", cells) + " |");
        out.flush();
    }
}
