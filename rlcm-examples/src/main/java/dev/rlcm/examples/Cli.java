package dev.rlcm.examples;

import dev.rlcm.backend.BackendException;
import dev.rlcm.graph.GraphException;
import dev.rlcm.reward.RewardException;
import java.io.IOException;
import picocli.CommandLine;

/** Runs a command: expected failures are one clear line on standard error, others a stack trace. */
final class Cli {
    private Cli() {}

    /** Ends the JVM with the command's exit code unless that is 0, so that a surrounding build goes on. */
    static void run(Object command, String... args) {
        int code = new CommandLine(command)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler((failure, commandLine, parsed) -> {
                    if (isExpected(failure)) {
                        commandLine.getErr().println("error: " + failure.getMessage());
                        return 1;
                    }
                    throw failure;
                })
                .execute(args);
        if (code != 0) {
            System.exit(code);
        }
    }

    private static boolean isExpected(Exception failure) {
        return failure instanceof IOException
                || failure instanceof IllegalArgumentException
                || failure instanceof GraphException
                || failure instanceof BackendException
                || failure instanceof RewardException;
    }
}
