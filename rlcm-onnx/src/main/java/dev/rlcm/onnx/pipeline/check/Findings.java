package dev.rlcm.onnx.pipeline.check;

import dev.rlcm.graph.GraphException;
import dev.rlcm.onnx.pipeline.check.Finding.Severity;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Collects findings; what goes wrong while looking is a finding too. Not thread-safe. */
final class Findings {
    private final List<Finding> list = new ArrayList<>();

    /** Looks at something. */
    @FunctionalInterface
    interface Look<T> {
        T look() throws IOException;
    }

    /** Looks at something without a result. */
    @FunctionalInterface
    interface Action {
        void run() throws IOException;
    }

    void error(String component, String message, String remedy) {
        add(Severity.ERROR, component, message, remedy);
    }

    void warn(String component, String message, String remedy) {
        add(Severity.WARNING, component, message, remedy);
    }

    void info(String component, String message) {
        add(Severity.INFO, component, message, "");
    }

    private void add(Severity severity, String component, String message, String remedy) {
        Finding finding = new Finding(severity, component, message, remedy);
        if (!list.contains(finding)) {
            list.add(finding);
        }
    }

    /** What was looked at, or nothing and an error. */
    @SuppressWarnings("CatchingUnchecked") // a check of arbitrary files must survive whatever they provoke
    <T> Optional<T> attempt(String component, Look<T> look) {
        try {
            return Optional.of(look.look());
        } catch (IOException | IllegalArgumentException | GraphException e) {
            error(component, String.valueOf(e.getMessage()), "");
        } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
            error(component, "cannot be checked: " + e, "look at the files of this component; they may be damaged");
        }
        return Optional.empty();
    }

    /** Looks at something that has no result. */
    void run(String component, Action action) {
        attempt(component, () -> {
            action.run();
            return true;
        });
    }

    /** Worst first, otherwise in the order found. */
    List<Finding> sorted() {
        return list.stream().sorted(Comparator.comparing(Finding::severity)).toList();
    }
}
