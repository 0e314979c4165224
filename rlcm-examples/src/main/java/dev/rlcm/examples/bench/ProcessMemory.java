package dev.rlcm.examples.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The resident memory of this process, memory-mapped weights included, in units of 10^9 bytes. Linux only. */
final class ProcessMemory {
    private static final Path STATUS = Path.of("/proc/self/status");

    private ProcessMemory() {}

    static double now() throws IOException {
        return read("VmRSS");
    }

    static double peak() throws IOException {
        return read("VmHWM");
    }

    /** NaN where the system does not tell. */
    private static double read(String key) throws IOException {
        if (!Files.exists(STATUS)) {
            return Double.NaN;
        }
        return Files.readAllLines(STATUS).stream()
                .filter(line -> line.startsWith(key + ":"))
                .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")) * 1024e-9)
                .findFirst()
                .orElse(Double.NaN);
    }
}
