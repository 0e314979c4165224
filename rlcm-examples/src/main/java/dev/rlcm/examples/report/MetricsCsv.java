package dev.rlcm.examples.report;

import dev.rlcm.io.AtomicFiles;
import dev.rlcm.io.FileErrors;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * metrics.csv: one header, one row per epoch, on disk as soon as it is appended. Numbers are written as Java writes
 * them ({@code 0.25}, {@code 1.0E-4}, {@code NaN}), whatever the locale.
 *
 * <p>Not thread-safe. Whoever opens it closes it.
 */
public final class MetricsCsv implements AutoCloseable {
    private static final Pattern WHOLE = Pattern.compile("-?\\d+");
    private static final Pattern NAME = Pattern.compile("[\\w .%()/-]+");

    private final Path file;
    private final BufferedWriter writer;
    private String header;

    private MetricsCsv(Path file, BufferedWriter writer, String header) {
        this.file = file;
        this.writer = writer;
        this.header = header;
    }

    /**
     * Opens a new file or goes on with an existing one, whose last row is dropped if a crash left it incomplete.
     *
     * @throws IOException if it cannot be written
     */
    public static MetricsCsv open(Path file) throws IOException {
        try {
            return opened(file);
        } catch (IOException e) {
            throw FileErrors.naming(file, e);
        }
    }

    private static MetricsCsv opened(Path file) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        if (folder != null) {
            Files.createDirectories(folder);
        }
        String header = "";
        if (Files.exists(file)) {
            dropIncompleteRow(file);
            try (BufferedReader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
                String first = reader.readLine();
                header = first == null ? "" : first;
            }
        }
        BufferedWriter writer = Files.newBufferedWriter(
                file, StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        return new MetricsCsv(file, writer, header);
    }

    /**
     * The complete rows of a file, by column; none if there is no file. Whole numbers are Longs, others Doubles.
     *
     * @throws IOException if it cannot be read or is no file of metrics
     */
    public static List<Map<String, Number>> read(Path file) throws IOException {
        List<Map<String, Number>> rows = new ArrayList<>();
        String text = text(file);
        List<String> lines =
                text.substring(0, text.lastIndexOf('\n') + 1).lines().toList();
        for (String line : lines.subList(Math.min(1, lines.size()), lines.size())) {
            String[] columns = lines.get(0).split(",", -1);
            String[] values = line.split(",", -1);
            if (values.length != columns.length) {
                throw new IOException(file + " has a row of " + values.length + " values under " + columns.length
                        + " columns: " + line);
            }
            Map<String, Number> row = new LinkedHashMap<>();
            for (int i = 0; i < values.length; i++) {
                row.put(columns[i], number(file, values[i]));
            }
            rows.add(row);
        }
        return rows;
    }

    private static String text(Path file) throws IOException {
        try {
            return Files.exists(file) ? Files.readString(file) : "";
        } catch (IOException e) {
            throw FileErrors.naming(file, e);
        }
    }

    private static Number number(Path file, String text) throws IOException {
        try {
            return WHOLE.matcher(text).matches() ? (Number) Long.valueOf(text) : (Number) Double.valueOf(text);
        } catch (NumberFormatException e) {
            throw new IOException(file + " holds " + text + " in place of a number", e);
        }
    }

    /**
     * Replaces a file by these rows, atomically.
     *
     * @throws IOException if it cannot be written
     */
    public static void write(Path file, List<? extends Map<String, ? extends Number>> rows) throws IOException {
        StringBuilder text = new StringBuilder();
        if (!rows.isEmpty()) {
            text.append(String.join(",", rows.get(0).keySet())).append('\n');
        }
        rows.forEach(row -> text.append(line(row)));
        AtomicFiles.writeString(file, text.toString());
    }

    /**
     * Appends a row and flushes it.
     *
     * @param row column to number, or to a word that names what the row is of; in the order of the columns, which must be
     *     the same for all rows of a file
     * @throws IllegalArgumentException if the columns are not those of the file, or a name or word holds a comma, quote or
     *     line break
     * @throws IOException if it cannot be written, for instance to a full disk
     */
    public void append(Map<String, ?> row) throws IOException {
        String columns = String.join(",", row.keySet());
        String text = line(row);
        row.values().stream().filter(String.class::isInstance).forEach(word -> checkNames(List.of((String) word)));
        if (header.isEmpty()) {
            checkNames(row.keySet());
            text = columns + "\n" + text;
        } else if (!header.equals(columns)) {
            throw new IllegalArgumentException("the columns of " + file + " are " + header + "; got a row of " + columns
                    + ". Write the metrics of another kind of run to another file");
        }
        try {
            writer.write(text);
            writer.flush();
            header = columns;
        } catch (IOException e) {
            throw FileErrors.naming(file, e);
        }
    }

    @Override
    public void close() throws IOException {
        try {
            writer.close();
        } catch (IOException e) {
            throw FileErrors.naming(file, e);
        }
    }

    private static String line(Map<String, ?> row) {
        return row.values().stream().map(String::valueOf).collect(Collectors.joining(",", "", "\n"));
    }

    private static void checkNames(Collection<String> names) {
        List<String> bad =
                names.stream().filter(name -> !NAME.matcher(name).matches()).toList();
        if (names.isEmpty() || !bad.isEmpty()) {
            throw new IllegalArgumentException(
                    "columns are named by letters, digits, spaces and _ . % ( ) / -, as words are; got "
                            + (bad.isEmpty() ? names : bad));
        }
    }

    private static void dropIncompleteRow(Path file) throws IOException {
        try (RandomAccessFile access = new RandomAccessFile(file.toFile(), "rw")) {
            long end = access.length();
            while (end > 0) {
                access.seek(end - 1);
                if (access.read() == '\n') {
                    break;
                }
                end--;
            }
            access.setLength(end);
        }
    }
}
