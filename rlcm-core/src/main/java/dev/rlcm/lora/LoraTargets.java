package dev.rlcm.lora;

import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Which layers get an adapter. A target is one of
 *
 * <ul>
 *   <li>a module name: the layers whose path equals it or ends with a dot and it, as in PEFT ({@code to_q},
 *       {@code ff.net.2});
 *   <li>a glob over the whole path, {@code *} for any text and {@code ?} for one character ({@code up_blocks.*.conv1});
 *   <li>{@code regex:} and a regular expression that the whole path must match;
 *   <li>a preset: {@code attention}, {@code joint-attention}, {@code all-linear} or {@code all}.
 * </ul>
 *
 * <p>Immutable and thread-safe.
 *
 * @param patterns at least one; a layer is meant if one of them fits
 */
public record LoraTargets(List<String> patterns) {
    private static final List<String> ATTENTION_LAYERS = List.of("to_q", "to_k", "to_v", "to_out.0");
    private static final List<String> TEXT_LAYERS = List.of("add_q_proj", "add_k_proj", "add_v_proj", "to_add_out");
    private static final String EVERY_LINEAR = "all-linear";
    private static final String EVERY_LAYER = "all";
    private static final String REGEX = "regex:";

    /** The projections of attention, which the paper's reference implementation adapts. */
    public static final LoraTargets ATTENTION = of("attention");

    /** Those of transformers whose text and picture attend to each other, the text's as well, as Flow-GRPO adapts them. */
    public static final LoraTargets JOINT_ATTENTION = of("joint-attention");

    /** Every linear layer, and every convolution with a kernel of 1x1, which is one over channels. */
    public static final LoraTargets ALL_LINEAR = of(EVERY_LINEAR);

    /** Every linear layer and every convolution without groups. */
    public static final LoraTargets ALL = of(EVERY_LAYER);

    /** @throws IllegalArgumentException if there is no pattern, a blank one, or a regular expression that is none */
    public LoraTargets {
        if (patterns.isEmpty() || patterns.stream().anyMatch(String::isBlank)) {
            throw new IllegalArgumentException("targets must name at least one module, got " + patterns);
        }
        patterns = patterns.stream()
                .map(String::strip)
                .flatMap(LoraTargets::expanded)
                .toList();
        patterns.stream().filter(p -> p.startsWith(REGEX)).forEach(LoraTargets::regex);
    }

    private static Stream<String> expanded(String pattern) {
        return switch (pattern) {
            case "attention" -> ATTENTION_LAYERS.stream();
            case "joint-attention" -> Stream.concat(ATTENTION_LAYERS.stream(), TEXT_LAYERS.stream());
            default -> Stream.of(pattern);
        };
    }

    /** The layers that any of the patterns fits. */
    public static LoraTargets of(String... patterns) {
        return new LoraTargets(List.of(patterns));
    }

    /** Whether the layer is to be adapted. */
    public boolean include(LoraSite site) {
        return patterns.contains(EVERY_LAYER)
                || (patterns.contains(EVERY_LINEAR) && site.isLinear())
                || name(site.path());
    }

    /** Whether a pattern that is no preset fits the path. */
    boolean name(String path) {
        return patterns.stream().filter(pattern -> !isPreset(pattern)).anyMatch(pattern -> fits(pattern, path));
    }

    /** Whether all patterns are module names, which PEFT understands as they are. */
    boolean areModuleNames() {
        return patterns.stream().noneMatch(p -> isPreset(p) || isGlob(p) || p.startsWith(REGEX));
    }

    private static boolean isPreset(String pattern) {
        return pattern.equals(EVERY_LINEAR) || pattern.equals(EVERY_LAYER);
    }

    private static boolean isGlob(String pattern) {
        return pattern.contains("*") || pattern.contains("?");
    }

    private static boolean fits(String pattern, String path) {
        if (pattern.startsWith(REGEX)) {
            return regex(pattern).matcher(path).matches();
        }
        return isGlob(pattern)
                ? glob(pattern).matcher(path).matches()
                : path.equals(pattern) || path.endsWith("." + pattern);
    }

    private static Pattern regex(String pattern) {
        try {
            return Pattern.compile(pattern.substring(REGEX.length()));
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException(
                    "the target " + pattern + " is no regular expression: " + e.getMessage(), e);
        }
    }

    private static Pattern glob(String pattern) {
        return Pattern.compile(pattern.chars()
                .mapToObj(c -> c == '*' ? ".*" : c == '?' ? "." : Pattern.quote(Character.toString(c)))
                .collect(Collectors.joining()));
    }

    /** The patterns, separated by commas. */
    @Override
    public String toString() {
        return String.join(",", patterns);
    }
}
