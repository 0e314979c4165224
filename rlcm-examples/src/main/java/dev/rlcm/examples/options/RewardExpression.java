package dev.rlcm.examples.options;

import dev.rlcm.reward.GroupRewards;
import dev.rlcm.reward.RewardFunction;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * What is written behind {@code --reward}: {@code 0.7*clipscore + 0.3*atleast(aesthetic, 6)}.
 *
 * @param text as it was given
 * @param terms at least one
 */
public record RewardExpression(String text, List<Term> terms) {
    private static final String NUMBER = "[+-]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][+-]?\\d+)?";
    private static final Pattern TERM = Pattern.compile("\\s*([+-])?\\s*(?:(" + NUMBER + ")\\s*\\*\\s*)?"
            + "(?:(\\w+)\\s*\\(\\s*(\\w+)((?:\\s*,\\s*" + NUMBER + ")*)\\s*\\)|(\\w+))\\s*");
    private static final String SYNTAX =
            "write a reward's name or a sum such as 0.7*clipscore + 0.3*atleast(aesthetic, 6)";

    /**
     * One reward of the sum.
     *
     * @param shape what is done to the reward's scores
     */
    public record Term(double weight, Task reward, UnaryOperator<RewardFunction> shape) {}

    public RewardExpression {
        terms = List.copyOf(terms);
    }

    static RewardExpression of(Task reward) {
        return parse(reward.toString());
    }

    /**
     * The expression that a text is.
     *
     * @throws IllegalArgumentException if the text is none, naming what is wrong with it
     */
    public static RewardExpression parse(String text) {
        List<Term> terms = new ArrayList<>();
        Matcher matcher = TERM.matcher(text);
        int end = 0;
        while (end < text.length() || terms.isEmpty()) {
            matcher.region(end, text.length());
            if (!matcher.lookingAt() || (matcher.group(1) == null && !terms.isEmpty())) {
                throw new IllegalArgumentException(
                        "cannot read \"" + text.substring(end).strip() + "\"; " + SYNTAX);
            }
            terms.add(term(matcher));
            end = matcher.end();
        }
        return new RewardExpression(text.strip(), terms);
    }

    private static Term term(Matcher matcher) {
        double weight = matcher.group(2) == null ? 1 : Double.parseDouble(matcher.group(2));
        double signed = "-".equals(matcher.group(1)) ? -weight : weight;
        if (matcher.group(3) == null) {
            return new Term(signed, reward(matcher.group(6)), UnaryOperator.identity());
        }
        double[] arguments = Arrays.stream(matcher.group(5).split(","))
                .filter(argument -> !argument.isBlank())
                .mapToDouble(Double::parseDouble)
                .toArray();
        return new Term(signed, reward(matcher.group(4)), shape(matcher.group(3), arguments));
    }

    private static UnaryOperator<RewardFunction> shape(String function, double... arguments) {
        String call = function.toLowerCase(Locale.ROOT) + "/" + arguments.length;
        return switch (call) {
            case "clip/2" -> reward -> reward.clipped(arguments[0], arguments[1]);
            case "atleast/1" -> reward -> reward.atLeast(arguments[0]);
            case "rank/0" -> GroupRewards::rank;
            default -> throw new IllegalArgumentException("there is no function \"" + function + "\" of "
                    + (arguments.length == 0 ? "a reward" : "a reward and numbers, " + arguments.length)
                    + "; use clip(NAME, LOW, HIGH), atleast(NAME, ENOUGH) or rank(NAME)");
        };
    }

    /** @throws IllegalArgumentException if there is none of that name, with those that there are */
    static Task reward(String name) {
        return Arrays.stream(Task.values())
                .filter(reward -> reward.toString().equalsIgnoreCase(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no reward \"" + name + "\"; choose among "
                        + Arrays.stream(Task.values()).map(Task::toString).collect(Collectors.joining(", "))));
    }

    /** Whether it is one reward as it is. */
    public boolean isSingle() {
        return terms.size() == 1
                && terms.get(0).weight == 1
                && text.equalsIgnoreCase(terms.get(0).reward.toString());
    }

    /** What is reported of it and how it is trained by default. */
    public Goal goal() {
        if (isSingle()) {
            Task reward = terms.get(0).reward;
            return new Goal(reward.toString(), reward.toString(), reward.measure, reward.settings);
        }
        Task.Settings settings = terms.stream()
                .map(term -> term.reward.settings)
                .reduce(Task.Settings::and)
                .orElseThrow();
        return new Goal("mix", text, new Task.Measure("reward", "reward", 1, ""), settings);
    }

    @Override
    public String toString() {
        return text;
    }

    /** For the command line. */
    static final class Converter implements ITypeConverter<RewardExpression> {
        @Override
        public RewardExpression convert(String text) {
            try {
                return parse(text);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    /** For the help: what there is to be trained for, and in what unit. */
    static final class Scales implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Arrays.stream(Task.values())
                    .map(reward -> reward.toString() + " (" + reward.scale + ")")
                    .iterator();
        }
    }
}
