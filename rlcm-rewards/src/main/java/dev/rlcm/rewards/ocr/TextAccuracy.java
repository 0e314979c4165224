package dev.rlcm.rewards.ocr;

import dev.rlcm.reward.RewardFunction;
import dev.rlcm.reward.Sample;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Whether the picture has the text that its prompt asks for: 1 - min(d, n) / n, with the number n of the wanted text's
 * characters and the edit distance d between that and the text that is read (Levenshtein's: insertions, deletions and
 * replacements), which is 0 if the wanted text is somewhere in the text read. White space and case do not count. That is the
 * text-rendering task of Flow-GRPO (Liu et al., arXiv:2505.05470, section 5.1; there {@code ocr.py}).
 *
 * <p>Scores are in [0, 1]. As thread-safe as the reader, which it does not own.
 *
 * @param reader reads pictures
 * @param wanted tells a sample's wanted text; its white space does not count
 */
public record TextAccuracy(TextReader reader, Function<Sample, String> wanted) implements RewardFunction {
    private static final String FIELD = "text";
    private static final Pattern QUOTED =
            Pattern.compile("\"([^\"]*)\"|\u201c([^\u201d]*)\u201d|\u201e([^\u201c\u201d]*)[\u201c\u201d]");
    private static final Pattern SPACE = Pattern.compile("[\\s\\p{Z}]+");

    /**
     * The wanted text is what the source of the prompt says in its field {@code text} or, without one, the first of the prompt that
     * stands in double quotes: {@code a sign that says "open"}.
     */
    public TextAccuracy(TextReader reader) {
        this(reader, TextAccuracy::told);
    }

    private static String told(Sample sample) {
        Object text = sample.metadata().get(FIELD);
        if (text == null) {
            return quoted(sample.prompt());
        }
        if (text instanceof String told) {
            return told;
        }
        throw new IllegalArgumentException(
                "the field \"" + FIELD + "\" of the prompt <" + sample.prompt() + "> must be a text, got " + text);
    }

    /**
     * The first text in double quotes, straight or curly.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static String quoted(String prompt) {
        Matcher matcher = QUOTED.matcher(prompt);
        while (matcher.find()) {
            for (int group = 1; group <= matcher.groupCount(); group++) {
                if (matcher.group(group) != null && !matcher.group(group).isBlank()) {
                    return matcher.group(group);
                }
            }
        }
        throw new IllegalArgumentException("the prompt <" + prompt + "> does not say which text the picture is to have;"
                + " put that in double quotes, or tell it by the reward's function");
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalArgumentException if a wanted text is empty
     * @throws IllegalStateException if the reader does not return one text per picture
     */
    @Override
    public double[] score(List<Sample> samples) {
        List<String> targets =
                samples.stream().map(sample -> comparable(wanted.apply(sample))).toList();
        for (int i = 0; i < targets.size(); i++) {
            if (targets.get(i).isEmpty()) {
                throw new IllegalArgumentException(
                        "the text that is wanted for " + samples.get(i) + " is empty; give at least one character");
            }
        }
        List<String> texts = samples.isEmpty() ? List.of() : reader.read(samples);
        if (texts.size() != samples.size()) {
            throw new IllegalStateException("the reader returned " + texts.size() + " texts for " + samples.size()
                    + " pictures; it must return exactly one per picture, in their order");
        }
        double[] scores = new double[targets.size()];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = accuracy(targets.get(i), comparable(texts.get(i)));
        }
        return scores;
    }

    private static double accuracy(String wanted, String read) {
        if (read.contains(wanted)) {
            return 1;
        }
        int length = wanted.codePointCount(0, wanted.length());
        return 1 - (double) Math.min(EditDistance.of(wanted, read), length) / length;
    }

    private static String comparable(String text) {
        return SPACE.matcher(text).replaceAll("").toLowerCase(Locale.ROOT);
    }
}
