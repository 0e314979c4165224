package dev.rlcm.io;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
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

    /**
     * What went wrong, in words: many exceptions of the file system have a path as their whole message, and the reason in
     * their type alone.
     *
     * @return a reason that names the file the exception names, which need not be the file that is read or written
     */
    public static String reason(IOException error) {
        if (error instanceof CharacterCodingException) {
            return "it is not UTF-8 text";
        }
        if (!(error instanceof FileSystemException failure)) {
            return error.getMessage() == null ? error.toString() : error.getMessage();
        }
        if (failure.getReason() != null) {
            return failure.getMessage();
        }
        if (failure instanceof NoSuchFileException) {
            return "no such file: " + failure.getFile();
        }
        // Files are replaced; only making a directory fails in this way.
        if (failure instanceof FileAlreadyExistsException) {
            return "a file is where a directory should be: " + failure.getFile();
        }
        if (failure instanceof AccessDeniedException) {
            return "no permission to use " + failure.getFile();
        }
        return failure.toString();
    }
}
