package dev.rlcm.examples.distill;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Guidance scales: one, such as {@code 7.5}, or a range, such as {@code 3:15}. */
record Guidance(double least, double largest) {
    private static final String NUMBER = "(\\d{1,3}(?:\\.\\d{1,6})?)";
    private static final Pattern FORM = Pattern.compile(NUMBER + "(?::" + NUMBER + ")?");

    /** @throws IllegalArgumentException if the text is neither */
    static Guidance parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "guidance must be a scale such as 7.5 or a range such as 3:15, got " + text);
        }
        double least = Double.parseDouble(matcher.group(1));
        return new Guidance(least, matcher.group(2) == null ? least : Double.parseDouble(matcher.group(2)));
    }

    /** What to draw samples with: the middle. */
    double middle() {
        return (least + largest) / 2;
    }
}
