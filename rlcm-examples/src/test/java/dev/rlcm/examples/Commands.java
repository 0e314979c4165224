package dev.rlcm.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.examples.options.Cli;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Arrays;

/** Runs mains as the command line does, without ending the JVM. */
final class Commands {
    private Commands() {}

    /** What a command that must succeed wrote to standard error. */
    static String succeed(Object command, Object... args) {
        return run(0, command, args);
    }

    /** The message of a command that must refuse its arguments. */
    static String fail(Object command, Object... args) {
        return run(1, command, args);
    }

    /** The message of a command that cannot read its arguments. */
    static String misuse(Object command, Object... args) {
        return run(2, command, args);
    }

    private static String run(int expected, Object command, Object... args) {
        StringWriter errors = new StringWriter();
        String[] texts = Arrays.stream(args).map(String::valueOf).toArray(String[]::new);
        int code =
                Cli.commandLine(command).setErr(new PrintWriter(errors, true)).execute(texts);
        assertThat(code).as(errors.toString()).isEqualTo(expected);
        return errors.toString();
    }
}
