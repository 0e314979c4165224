package dev.rlcm.rewards;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** How rare tokens are in a list of documents: ln((N + 1) / (n + 1)) for one that is in n of N. */
record InverseFrequencies(int documents, Map<Long, Long> counts) {
    static InverseFrequencies of(List<List<Long>> documents) {
        Map<Long, Long> counts = documents.stream()
                .flatMap(ids -> new HashSet<>(ids).stream())
                .collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
        return new InverseFrequencies(documents.size(), counts);
    }

    double of(long id) {
        return Math.log((documents + 1.0) / (counts.getOrDefault(id, 0L) + 1));
    }
}
