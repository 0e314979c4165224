package dev.rlcm.examples;

import dev.rlcm.backend.BackendException;
import dev.rlcm.graph.GraphException;
import dev.rlcm.reward.RewardException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import picocli.CommandLine;

/** Runs a command: expected failures are one clear line on standard error, others a stack trace. */
public final class Cli {
    private Cli() {}

    /** Ends the JVM with the command's exit code unless that is 0, so that a surrounding build goes on. */
    public static void run(Object command, String... args) {
        int code = commandLine(command).execute(args);
        if (code != 0) {
            System.exit(code);
        }
    }

    static CommandLine commandLine(Object command) {
        return new CommandLine(command)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler((failure, commandLine, parsed) -> {
                    if (isExpected(failure)) {
                        commandLine.getErr().println("error: " + message(failure));
                        return 1;
                    }
                    throw failure;
                });
    }

    private static boolean isExpected(Exception failure) {
        return failure instanceof IOException
                || failure instanceof UncheckedIOException
                || failure instanceof IllegalArgumentException
                || failure instanceof GraphException
                || failure instanceof BackendException
                || failure instanceof RewardException;
    }

    /** Java's file system exceptions have the file as their whole message. */
    private static String message(Exception failure) {
        if (failure instanceof NoSuchFileException missing) {
            return "no such file: " + missing.getFile();
        }
        return failure instanceof FileSystemException ? failure.toString() : String.valueOf(failure.getMessage());
    }
}
