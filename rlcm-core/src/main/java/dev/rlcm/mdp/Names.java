package dev.rlcm.mdp;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Enum constants by their names in scheduler configurations, which are the same in lower case. */
final class Names {
    private Names() {}

    static <E extends Enum<E>> E parse(Class<E> type, String key, String name) {
        List<E> constants = Arrays.asList(type.getEnumConstants());
        return constants.stream()
                .filter(constant -> constant.name().toLowerCase(Locale.ROOT).equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        key + " must be one of " + constants.toString().toLowerCase(Locale.ROOT) + ", got " + name));
    }
}
