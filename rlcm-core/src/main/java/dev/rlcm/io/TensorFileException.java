package dev.rlcm.io;

import java.io.IOException;

/** A file whose content is not what its format promises; the message names the file, the problem and the remedy. */
public final class TensorFileException extends IOException {
    private static final long serialVersionUID = 1L;

    TensorFileException(String source, String problem, String remedy) {
        super(source + ": " + problem + "; " + remedy);
    }

    /** For damage, of which the only remedy is another copy of the file. */
    static TensorFileException damaged(String source, String problem) {
        return new TensorFileException(source, problem, "the file is damaged or incomplete, fetch or write it again");
    }

    static TensorFileException damaged(String source, Exception cause) {
        TensorFileException e = damaged(source, String.valueOf(cause.getMessage()));
        e.initCause(cause);
        return e;
    }
}
