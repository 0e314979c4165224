package dev.rlcm.examples.bench;

import dev.rlcm.backend.DerivedWeights;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Where the resident memory of this process is, at several moments of a program. Empty where the system does not tell (Linux
 * does). Not thread-safe.
 */
final class MemoryTable {
    private static final Path MAPPINGS = Path.of("/proc/self/smaps");
    private static final String TOTAL = "resident";
    private static final double GIGABYTE = 1e9;

    /** Bytes by what they are of. */
    private record Moment(String name, Map<String, Double> bytes) {}

    private final List<Moment> moments = new ArrayList<>();

    /** Notes where memory is now. */
    void take(String moment, DerivedWeights derived) {
        if (!Files.exists(MAPPINGS)) {
            return;
        }
        try {
            double resident = ProcessMemory.now() * GIGABYTE;
            double direct = directMemory();
            Map<String, Double> bytes = new LinkedHashMap<>();
            bytes.put("files that are mapped", mappedFiles(Files.readAllLines(MAPPINGS)));
            derived.bytes().forEach((form, size) -> bytes.put("weights, " + form, (double) size));
            double ofWeights = derived.bytes().values().stream()
                    .mapToDouble(Long::doubleValue)
                    .sum();
            bytes.put("other direct memory", direct - ofWeights);
            bytes.put("Java heap, used", (double)
                    ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
            double known =
                    bytes.values().stream().mapToDouble(Double::doubleValue).sum();
            bytes.put("sessions and arenas, the rest of the JVM", resident - known);
            bytes.put(TOTAL, resident);
            moments.add(new Moment(moment, bytes));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static double directMemory() {
        return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(pool -> pool.getName().equals("direct"))
                .mapToDouble(BufferPoolMXBean::getMemoryUsed)
                .sum();
    }

    /**
     * Resident bytes of files that the program has mapped; libraries and classes, which the JVM maps, do not count.
     *
     * @param smaps lines of {@code /proc/self/smaps}
     */
    static double mappedFiles(List<String> smaps) {
        double kilobytes = 0;
        boolean counts = false;
        for (String line : smaps) {
            String[] words = line.split("\\s+", 6);
            if (words[0].matches("[0-9a-f]+-[0-9a-f]+")) {
                String path = words.length < 6 ? "" : words[5];
                counts = words[1].endsWith("s")
                        && path.startsWith("/")
                        && !path.endsWith("/modules")
                        && !path.endsWith(".jar");
            } else if (counts && words[0].equals("Rss:")) {
                kilobytes += Double.parseDouble(words[1]);
            }
        }
        return kilobytes * 1024;
    }

    void print(PrintWriter out) {
        if (moments.isEmpty()) {
            return;
        }
        out.printf("%n%-44s", "GB after");
        moments.forEach(moment -> out.printf(" %16s", moment.name()));
        out.println();
        Set<String> rows = new LinkedHashSet<>();
        moments.get(moments.size() - 1).bytes().keySet().forEach(rows::add);
        moments.forEach(moment -> rows.addAll(moment.bytes().keySet()));
        rows.remove(TOTAL);
        rows.add(TOTAL);
        for (String row : rows) {
            out.printf("%-44s", row);
            for (Moment moment : moments) {
                out.printf(" %16.2f", moment.bytes().getOrDefault(row, 0.0) / GIGABYTE);
            }
            out.println();
        }
    }
}
