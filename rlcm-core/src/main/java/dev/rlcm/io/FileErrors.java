package dev.rlcm.io;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;

/** Gives errors the name of their file: streams and channels do not know it, as in "No space left on device". Stateless. */
public final class FileErrors {
    private FileErrors() {}

    /**
     * An error whose message contains the path of the file.
     *
     * @return the error itself if its message names the file, else a new one of which it is the cause
     */
    public static IOException naming(Path file, IOException error) {
        String message = error.getMessage();
        if (message != null && message.contains(file.toString())) {
            return error;
        }
        return new IOException(file + ": " + reason(error), error);
    }

    private static String reason(IOException error) {
        if (error instanceof CharacterCodingException) {
            return "it is not UTF-8 text";
        }
        // The message of a FileSystemException may be a path and nothing else.
        boolean isPlain = error.getMessage() != null && !(error instanceof FileSystemException);
        return isPlain ? error.getMessage() : error.toString();
    }
}
