package dev.rlcm.examples.reproduction;

import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * A way to train that is compared with others.
 *
 * @param name in charts and tables; those of one section and task differ
 * @param steps network evaluations or DDIM steps of a trajectory, the paper's horizon
 * @param epochs to train for, with about as many evaluations as {@link Method#evaluations} says
 * @param options of the training command, besides those of {@link Trial#options}; each once
 * @param budgets the numbers of steps that the trained policy is sampled with besides its own
 */
record Contender(String name, Method method, int steps, int epochs, List<String> options, List<Integer> budgets) {
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

    /** Epochs between evaluations. */
    int evaluateEvery() {
        return Math.max(1, epochs / method.evaluations());
    }

    /** A word for directories. */
    String word() {
        return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9.]+", "-");
    }
}
