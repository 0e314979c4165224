package dev.rlcm.examples.lab;

import dev.rlcm.reward.Sample;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Which pictures are prettier, as this project states it.
 *
 * @param all in the order that they were made in
 */
record StatedPreferences(List<Preference> all) {
    StatedPreferences {
        all = List.copyOf(all);
    }

    Set<String> kinds() {
        Set<String> kinds = new LinkedHashSet<>();
        all.forEach(preference -> kinds.add(preference.kind()));
        return kinds;
    }

    List<Preference> of(String kind, boolean heldOut) {
        return all.stream()
                .filter(preference -> preference.kind().equals(kind) && preference.isHeldOut() == heldOut)
                .toList();
    }

    /** What a score may be fitted to, by kind. */
    List<List<Preference>> fitted() {
        return kinds().stream()
                .map(kind -> of(kind, false))
                .filter(pairs -> !pairs.isEmpty())
                .toList();
    }

    /** Those of the real pictures, each once. */
    List<String> prompts() {
        return real().map(preference -> preference.better().prompt()).distinct().toList();
    }

    /** These, and besides that real pictures of the same prompts are better than others. */
    StatedPreferences and(String kind, List<Sample> worse) {
        Map<String, List<Preference>> byPrompt = new LinkedHashMap<>();
        real().forEach(preference -> byPrompt.computeIfAbsent(
                        preference.better().prompt(), prompt -> new ArrayList<>())
                .add(preference));
        List<Preference> more = new ArrayList<>(all);
        for (int i = 0; i < worse.size(); i++) {
            List<Preference> real = byPrompt.get(worse.get(i).prompt());
            Preference one = real.get(i % real.size());
            more.add(Preference.of(kind, one.better(), worse.get(i), one.isHeldOut()));
        }
        return new StatedPreferences(more);
    }

    private Stream<Preference> real() {
        return all.stream().filter(preference -> preference.kind().equals(PreferenceMaker.DRAWN));
    }
}
