package dev.rlcm.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileHashTest {
    /** That of "abc", FIPS 180-4's example. */
    private static final String ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    @TempDir
    Path folder;

    @Test
    void textsBytesAndFilesAreHashedOneAfterTheOther() throws IOException {
        Path file = Files.writeString(folder.resolve("c"), "c");
        FileHash hash = new FileHash();
        assertThat(hash.add("a")
                        .add("b".getBytes(StandardCharsets.UTF_8))
                        .add(file)
                        .hex())
                .isEqualTo(ABC);
        assertThat(hash.add("abc").hex()).isEqualTo(ABC);
    }

    @Test
    void filesOfAFolderComeInAFixedOrder() throws IOException {
        Path inner = Files.createDirectory(folder.resolve("b"));
        Path second = Files.writeString(inner.resolve("x"), "");
        Path third = Files.writeString(folder.resolve("c"), "");
        Path first = Files.writeString(folder.resolve("a"), "");
        assertThat(FileHash.files(folder)).containsExactly(first, second, third);
        assertThat(FileHash.files(third)).containsExactly(third);
    }
}
