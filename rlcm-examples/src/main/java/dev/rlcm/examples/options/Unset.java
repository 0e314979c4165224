package dev.rlcm.examples.options;

/**
 * The value of an option that was not given and has no text that would give it: reports show its meaning, configurations leave it
 * out.
 */
record Unset(String meaning) {
    @Override
    public String toString() {
        return meaning;
    }
}
