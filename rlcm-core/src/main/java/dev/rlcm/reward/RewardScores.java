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
 * @param statistics how each component stands in the rollout, without the samples that have no total
 */
public record RewardScores(
        List<Score> totals, Map<String, List<Score>> components, Map<String, ComponentStatistics> statistics) {
    public RewardScores {
        totals = List.copyOf(totals);
        components = Collections.unmodifiableMap(new LinkedHashMap<>(components));
        statistics = Collections.unmodifiableMap(new LinkedHashMap<>(statistics));
    }

    /** The scores of a reward that has no parts. */
    static RewardScores of(List<Score> totals) {
        return new RewardScores(totals, Map.of(), Map.of());
    }
}
