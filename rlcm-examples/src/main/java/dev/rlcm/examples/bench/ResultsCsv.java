package dev.rlcm.examples.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;

/** A file that benchmarks of different programs append their results to, so that they can be compared. */
final class ResultsCsv {
    private static final String HEADER = "program,model,device,precision,rows,"
            + "forward_best_ms,forward_median_ms,update_best_ms,update_median_ms,memory_gb\n";

    private ResultsCsv() {}

    /**
     * One benchmark's result.
     *
     * @param gigabytes at most: of the device's memory, or on a CPU of the process
     */
    record Row(
            String model, String device, String precision, int rows, Times forward, Times update, double gigabytes) {}

    /** Appends a row, after the header if the file is new. */
    static void append(Path file, Row row) throws IOException {
        String line = String.format(
                Locale.ROOT,
                "RLCM,%s,%s,%s,%d,%.3f,%.3f,%.3f,%.3f,%.3f%n",
                row.model,
                row.device,
                row.precision,
                row.rows,
                row.forward.shortestMillis(),
                row.forward.medianMillis(),
                row.update.shortestMillis(),
                row.update.medianMillis(),
                row.gigabytes);
        String text = Files.exists(file) ? line : HEADER + line;
        Files.writeString(file, text, StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }
}
