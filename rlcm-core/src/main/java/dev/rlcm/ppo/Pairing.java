package dev.rlcm.ppo;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Which trajectories of a rollout are compared with each other. An update keeps the trajectories of a pair in one optimiser step,
 * whatever the order of rows.
 */
@FunctionalInterface
public interface Pairing {
    /**
     * The pairs of a rollout. As a rule, a pair is of two samples of one prompt.
     *
     * @param prompts one for each trajectory, [B]
     * @param advantages one for each trajectory, clamped, [B]
     * @return at least one pair; a trajectory may be in none or in several
     */
    List<Pair> pairs(List<String> prompts, double[] advantages);

    /**
     * Two different trajectories.
     *
     * @param first index in the rollout
     * @param second index in the rollout
     */
    record Pair(int first, int second) {
        public Pair {
            if (first == second || first < 0 || second < 0) {
                throw new IllegalArgumentException(
                        "a pair must be of two trajectories, got " + first + " and " + second);
            }
        }
    }

    /**
     * The first sample of a prompt with its second one, the third with the fourth, and so on; the last one of an odd number is left
     * out. As REBEL's two draws for each prompt.
     */
    static Pairing neighbours() {
        return (prompts, advantages) -> byPrompt(prompts).values().stream()
                .flatMap(members -> IntStream.range(0, members.size() / 2)
                        .mapToObj(i -> new Pair(members.get(2 * i), members.get(2 * i + 1))))
                .toList();
    }

    /**
     * Within every prompt the sample with the largest advantage with the one with the smallest, the second largest with the second
     * smallest, and so on, as long as they differ.
     */
    static Pairing bestWithWorst() {
        return (prompts, advantages) -> {
            List<Pair> pairs = new ArrayList<>();
            for (List<Integer> members : byPrompt(prompts).values()) {
                List<Integer> ranked = members.stream()
                        .sorted(Comparator.comparingDouble((Integer i) -> -advantages[i]))
                        .toList();
                for (int i = 0; i < ranked.size() / 2; i++) {
                    Pair pair = new Pair(ranked.get(i), ranked.get(ranked.size() - 1 - i));
                    if (advantages[pair.first()] > advantages[pair.second()]) {
                        pairs.add(pair);
                    }
                }
            }
            return pairs;
        };
    }

    /** A host's own pairs in every update, such as those of recorded preferences. */
    static Pairing given(List<Pair> pairs) {
        List<Pair> copy = List.copyOf(pairs);
        return (prompts, advantages) -> copy;
    }

    private static Map<String, List<Integer>> byPrompt(List<String> prompts) {
        Map<String, List<Integer>> groups = new LinkedHashMap<>();
        for (int i = 0; i < prompts.size(); i++) {
            groups.computeIfAbsent(prompts.get(i), key -> new ArrayList<>()).add(i);
        }
        return groups;
    }
}
