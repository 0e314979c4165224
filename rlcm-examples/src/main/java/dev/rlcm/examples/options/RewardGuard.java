package dev.rlcm.examples.options;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A bound that pictures have to keep, such as {@code clipscore >= 1.2}. */
public record RewardGuard(Task reward, double least) {
    private static final Pattern SYNTAX = Pattern.compile("\\s*(\\w+)\\s*>=\\s*(\\S+)\\s*");

    @Override
    public String toString() {
        return reward + " >= " + least;
    }

    /** For the command line. */
    static final class Converter implements ITypeConverter<RewardGuard> {
        @Override
        public RewardGuard convert(String text) {
            Matcher matcher = SYNTAX.matcher(text);
            try {
                if (matcher.matches()) {
                    return new RewardGuard(
                            RewardExpression.reward(matcher.group(1)), Double.parseDouble(matcher.group(2)));
                }
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
            throw new TypeConversionException("cannot read \"" + text + "\"; write a guard as clipscore >= 1.2");
        }
    }
}
