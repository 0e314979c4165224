package dev.rlcm.examples.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** Runs a benchmark for each value of an option in a process of its own, since the peak of a process tells the memory of one only. */
final class ProcessEach {
    private ProcessEach() {}

    /**
     * Runs one after the other, with all other arguments as they are.
     *
     * @param benchmark has a main method
     * @param args of the present process
     * @param option such as {@code --rows}
     * @return the worst exit code
     */
    static int of(Class<?> benchmark, List<String> args, String option, Collection<?> values)
            throws IOException, InterruptedException {
        List<String> others = new ArrayList<>();
        for (int i = 0; i < args.size(); i++) {
            if (args.get(i).equals(option)) {
                i++;
            } else if (!args.get(i).startsWith(option + "=")) {
                others.add(args.get(i));
            }
        }
        int worst = 0;
        for (Object value : values) {
            List<String> own = new ArrayList<>(others);
            own.add(option + "=" + value);
            worst = Math.max(
                    worst, FreshJvm.of(benchmark, own).inheritIO().start().waitFor());
        }
        return worst;
    }
}
