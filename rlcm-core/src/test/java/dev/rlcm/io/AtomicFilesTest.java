package dev.rlcm.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFilesTest {
    @TempDir
    Path directory;

    @Test
    void writesAndReplacesAndMakesDirectories() throws IOException {
        Path file = directory.resolve("a/b/report.json");
        AtomicFiles.writeString(file, "one");
        AtomicFiles.writeString(file, "zw\u00f6lf");
        assertThat(file).content().isEqualTo("zw\u00f6lf");
        assertThat(names(file.getParent())).containsExactly("report.json");
    }

    @Test
    void aFailureLeavesThePreviousVersionAndNoTrace() throws IOException {
        Path file = directory.resolve("report.json");
        AtomicFiles.writeString(file, "old");
        assertThatThrownBy(() -> AtomicFiles.write(file, out -> {
                    out.write(new byte[100_000]);
                    throw new IOException("No space left on device");
                }))
                .hasMessage(file + ": No space left on device");
        assertThat(file).content().isEqualTo("old");
        assertThat(names(directory)).containsExactly("report.json");
    }

    @Test
    void anotherFileInTheWayIsNamedWithTheTarget() throws IOException {
        Path file = directory.resolve("report.json");
        AtomicFiles.writeString(file, "old");
        Path below = file.resolve("below.json");
        assertThatThrownBy(() -> AtomicFiles.writeString(below, "new"))
                .isInstanceOf(IOException.class)
                .hasMessage(below + ": a file is where a directory should be: " + file);
    }

    private static List<String> names(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(f -> f.getFileName().toString()).toList();
        }
    }
}
