package dev.rlcm.examples.reproduction;

import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * A way to train that is compared with others.
 *
 * @param name in charts and tables; those of one section and task differ
 * @param steps network evaluations or DDIM steps of a trajectory, the paper's horizon
 * @param epochs to train for
 * @param options of the training command, besides those of {@link Trial#options}; each once
 * @param budgets the numbers of steps that the trained policy is sampled with besides its own
 */
record Contender(String name, Method method, int steps, int epochs, List<String> options, List<Integer> budgets) {
    private static final int EVALUATIONS = 5;

    Contender {
        options = List.copyOf(options);
        budgets = List.copyOf(budgets);
    }

    Contender named(String newName) {
        return new Contender(newName, method, steps, epochs, options, budgets);
    }

    Contender during(int newEpochs) {
        return new Contender(name, method, steps, newEpochs, options, budgets);
    }

    Contender with(String... more) {
        List<String> all = Stream.concat(options.stream(), Stream.of(more)).toList();
        return new Contender(name, method, steps, epochs, all, budgets);
    }

    Contender withBudgets(List<Integer> newBudgets) {
        return new Contender(name, method, steps, epochs, options, newBudgets);
    }

    /** Epochs between evaluations: of those that are only ranked there are few, since each may take as long as an epoch. */
    int evaluateEvery() {
        int evaluations = budgets.isEmpty() ? EVALUATIONS : method.evaluations();
        return Math.max(1, epochs / evaluations);
    }

    /** A word for directories. */
    String word() {
        return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9.]+", "-");
    }
}
