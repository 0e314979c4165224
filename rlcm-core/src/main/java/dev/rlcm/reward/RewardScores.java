package dev.rlcm.reward;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a rollout was rewarded with. Immutable.
 *
 * @param totals one per sample: what the policy is trained on
 * @param components by name, what the totals are made of, each in its own unit; empty for a reward that has no parts
 */
public record RewardScores(List<Score> totals, Map<String, List<Score>> components) {
    public RewardScores {
        totals = List.copyOf(totals);
        components = Collections.unmodifiableMap(new LinkedHashMap<>(components));
    }

    /** How each component stands in the rollout, without the samples that have no score. */
    public Map<String, ComponentStatistics> statistics() {
        Map<String, ComponentStatistics> statistics = new LinkedHashMap<>();
        components.forEach((name, scores) -> statistics.put(name, ComponentStatistics.of(scores, totals)));
        return statistics;
    }
}
