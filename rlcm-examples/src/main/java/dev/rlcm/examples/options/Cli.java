package dev.rlcm.examples.options;

import dev.rlcm.backend.BackendException;
import dev.rlcm.graph.GraphException;
import dev.rlcm.io.FileErrors;
import dev.rlcm.reward.RewardException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import picocli.CommandLine;
import picocli.CommandLine.UnmatchedArgumentException;

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

    public static CommandLine commandLine(Object command) {
        CommandLine commands = new CommandLine(command);
        // Of a checkout there is no version to tell.
        commands.getCommandSpec().remove(commands.getCommandSpec().findOption("--version"));
        return commands.setCaseInsensitiveEnumValuesAllowed(true)
                .setDefaultValueProvider(new SavedOptions())
                .setParameterExceptionHandler((failure, args) -> {
                    PrintWriter err = failure.getCommandLine().getErr();
                    err.println("error: " + failure.getMessage());
                    UnmatchedArgumentException.printSuggestions(failure, err);
                    err.println("--help lists the options");
                    return failure.getCommandLine().getCommandSpec().exitCodeOnInvalidInput();
                })
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

    private static String message(Exception failure) {
        // Its message may be a path and nothing else.
        if (failure instanceof FileSystemException error) {
            return FileErrors.reason(error);
        }
        return String.valueOf(failure.getMessage());
    }
}
