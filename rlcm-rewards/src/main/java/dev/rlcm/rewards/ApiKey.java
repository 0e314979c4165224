package dev.rlcm.rewards;

import java.util.Objects;
import java.util.Optional;

/**
 * A server's key, or none. Its text leaves this class for the request's header only; no message, log or printout shows it, not
 * even where a server repeats it.
 */
final class ApiKey {
    static final ApiKey NONE = new ApiKey("");

    private static final String HIDDEN = "[key]";

    private final String text;

    private ApiKey(String text) {
        this.text = text;
    }

    /** @param text white space at its ends is not part of it; empty for none */
    static ApiKey of(String text) {
        String stripped = text.strip();
        if (!stripped.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
            throw new IllegalArgumentException(
                    "an API key must be one word of ASCII characters; check for line breaks and quotes (it is not shown)");
        }
        return stripped.isEmpty() ? NONE : new ApiKey(stripped);
    }

    Optional<String> header() {
        return text.isEmpty() ? Optional.empty() : Optional.of("Bearer " + text);
    }

    /** A text from elsewhere, fit to be shown. */
    String hiddenIn(String shown) {
        return text.isEmpty() ? shown : shown.replace(text, HIDDEN);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ApiKey key && text.equals(key.text);
    }

    @Override
    public int hashCode() {
        return Objects.hashCode(text);
    }

    @Override
    public String toString() {
        return text.isEmpty() ? "none" : HIDDEN;
    }
}
