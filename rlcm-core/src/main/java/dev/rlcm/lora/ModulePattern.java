package dev.rlcm.lora;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.io.IOException;
import java.util.regex.Matcher;

/**
 * A regular expression of an adapter's configuration, which fits the end of a module's path as PEFT takes it. The file may be a
 * stranger's, so RE2/J matches it in time linear in the path and the pattern: a pattern that makes the JDK's engine backtrack for
 * ever does no harm here. What RE2/J does not bound itself, nested groups and repetitions, which it writes out, is bounded first.
 */
record ModulePattern(Pattern pattern) {
    private static final int MAX_LENGTH = 1000; // far more than any in use
    private static final int MAX_SIZE = 1 << 14; // with its repetitions written out

    private static final java.util.regex.Pattern REPETITION = java.util.regex.Pattern.compile("\\{(\\d+)(?:,(\\d*))?}");

    /**
     * Compiles a pattern.
     *
     * @throws IOException if it is none, too large, or uses look-around or back-references, which no linear engine has
     */
    static ModulePattern of(String source, String text) throws IOException {
        if (text.length() > MAX_LENGTH || size(text) > MAX_SIZE) {
            throw refused(source, text, "too large");
        }
        try {
            return new ModulePattern(Pattern.compile("(?:.*\\.)?(?:" + text + ")"));
        } catch (PatternSyntaxException e) {
            throw refused(source, text, e.getDescription());
        }
    }

    /** A bound on the pattern's size after all repetitions, as if each was inside all others. */
    private static double size(String text) {
        double size = text.length();
        for (Matcher counts = REPETITION.matcher(text); counts.find(); ) {
            boolean hasMost = counts.group(2) != null && !counts.group(2).isEmpty();
            size *= Math.max(1, Double.parseDouble(counts.group(hasMost ? 2 : 1)));
        }
        return size;
    }

    private static IOException refused(String source, String text, String reason) {
        String shown = text.length() <= MAX_LENGTH ? text : text.substring(0, MAX_LENGTH) + "...";
        return new IOException("the adapter configuration of " + source + " holds the pattern " + shown
                + ", which cannot be taken (" + reason + "); look-around, back-references and large repetitions are not"
                + " supported, name the modules instead");
    }

    /** Whether the pattern fits the whole path, or what follows one of its dots. */
    boolean fits(String path) {
        return pattern.matches(path);
    }
}
