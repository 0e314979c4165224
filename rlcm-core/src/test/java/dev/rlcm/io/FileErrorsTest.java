package dev.rlcm.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class FileErrorsTest {
    private static final Path FILE = Path.of("run", "report.json");
    private static final String DIRECTORY = "run";

    @Test
    void anErrorThatNamesTheFileStaysItself() {
        IOException error = new NoSuchFileException(FILE.toString());
        assertThat(FileErrors.naming(FILE, error)).isSameAs(error);
        IOException told = new FileSystemException("other", FILE.toString(), "Is a directory");
        assertThat(FileErrors.naming(FILE, told)).isSameAs(told);
    }

    @Test
    void anErrorOfAnotherPathIsSaidInWordsAfterTheFile() {
        assertNamed(new FileAlreadyExistsException(DIRECTORY), "a file is where a directory should be: run");
        assertNamed(new NoSuchFileException(DIRECTORY), "no such file: run");
        assertNamed(new AccessDeniedException(DIRECTORY), "no permission to use run");
        assertNamed(new FileSystemException(DIRECTORY, null, "Read-only file system"), "run: Read-only file system");
        assertNamed(new FileSystemException(DIRECTORY), "java.nio.file.FileSystemException: run");
    }

    @Test
    void anErrorOfNoPathIsSaidAfterTheFile() {
        assertNamed(new IOException("No space left on device"), "No space left on device");
        assertNamed(new IOException(), "java.io.IOException");
        assertNamed(new MalformedInputException(1), "it is not UTF-8 text");
    }

    private static void assertNamed(IOException error, String reason) {
        assertThat(FileErrors.naming(FILE, error))
                .hasMessage(FILE + ": " + reason)
                .hasCause(error);
    }
}
