package dev.rlcm.reward;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Parts of a list of samples that may be scored apart from each other, as positions in the list. */
final class SampleGroups {
    private SampleGroups() {}

    /** The positions of each prompt's samples, in the order in which the prompts first appear. */
    static List<int[]> byPrompt(List<Sample> samples) {
        Map<String, IntStream.Builder> positions = new LinkedHashMap<>();
        for (int i = 0; i < samples.size(); i++) {
            positions
                    .computeIfAbsent(samples.get(i).prompt(), prompt -> IntStream.builder())
                    .add(i);
        }
        return positions.values().stream().map(each -> each.build().toArray()).toList();
    }

    /** At most so many parts of about equal size, none splitting what the scope keeps together; none is empty. */
    static List<int[]> parts(List<Sample> samples, RewardScope scope, int most) {
        return switch (scope) {
            case SAMPLE -> {
                int count = Math.min(most, samples.size());
                yield IntStream.range(0, count)
                        .mapToObj(i -> IntStream.range((int) ((long) samples.size() * i / count), (int)
                                        ((long) samples.size() * (i + 1) / count))
                                .toArray())
                        .toList();
            }
            case PROMPT -> joined(byPrompt(samples), samples.size(), most);
            case ROLLOUT -> samples.isEmpty()
                    ? List.of()
                    : List.of(IntStream.range(0, samples.size()).toArray());
        };
    }

    /** Whole groups, in their order, put together until a part has its share of the samples. */
    private static List<int[]> joined(List<int[]> groups, int samples, int most) {
        List<int[]> parts = new ArrayList<>();
        IntStream part = IntStream.empty();
        int taken = 0;
        for (int[] group : groups) {
            part = IntStream.concat(part, IntStream.of(group));
            taken += group.length;
            if ((long) taken * most >= (long) samples * (parts.size() + 1)) {
                parts.add(part.toArray());
                part = IntStream.empty();
            }
        }
        return parts;
    }
}
