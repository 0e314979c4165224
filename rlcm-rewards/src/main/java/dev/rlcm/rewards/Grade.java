package dev.rlcm.rewards;

import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A chat model's grade from 0 to 10. */
final class Grade {
    static final String INSTRUCTION = "Answer with one number from 0 (not at all) to 10 (completely) and nothing else.";

    private static final double BEST = 10;
    private static final Pattern ANSWER = Pattern.compile("(\\d{1,2}(?:\\.\\d{1,6})?)(?:\\s*/\\s*10)?\\.?");

    private Grade() {}

    /**
     * Reads the whole answer, for example {@code 7}, {@code 7.5} or {@code 7/10}: an answer that merely contains a number, such as
     * "one of 2 cats is missing", is no grade.
     *
     * @return in [0, 1]; nothing if it is no grade
     */
    static OptionalDouble parse(String answer) {
        Matcher matcher = ANSWER.matcher(answer.strip());
        if (!matcher.matches()) {
            return OptionalDouble.empty();
        }
        double grade = Double.parseDouble(matcher.group(1));
        return grade <= BEST ? OptionalDouble.of(grade / BEST) : OptionalDouble.empty();
    }
}
