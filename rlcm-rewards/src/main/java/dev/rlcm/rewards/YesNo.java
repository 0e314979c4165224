package dev.rlcm.rewards;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * How likely the first word of a chat model's answer is yes, and how likely no: the sums over the likeliest tokens that spell
 * it, in whatever case and with whatever white space or quotes around it.
 *
 * @param yes probability, in [0, 1]
 * @param no likewise
 */
record YesNo(double yes, double no) {
    /** Also the marks by which tokenizers show a space. */
    private static final Pattern NO_LETTER = Pattern.compile("[^\\p{L}]|[\u0120\u2581]");

    /**
     * Reads the protocol's {@code choices[0].logprobs}.
     *
     * @return nothing where the server gives no log-probabilities
     * @throws IllegalArgumentException if they are not what the protocol says, or neither word is among them
     */
    static Optional<YesNo> read(JsonNode choice) {
        for (JsonNode token : choice.at("/logprobs/content")) {
            if (word(token).isEmpty()) {
                continue; // white space before the answer
            }
            JsonNode alternatives = token.path("top_logprobs");
            return alternatives.isEmpty() ? Optional.empty() : Optional.of(sum(alternatives));
        }
        return Optional.empty();
    }

    private static YesNo sum(JsonNode alternatives) {
        double yes = 0;
        double no = 0;
        boolean answered = false;
        for (JsonNode alternative : alternatives) {
            double probability = probability(alternative.path("logprob"));
            switch (word(alternative)) {
                case "yes" -> {
                    yes += probability;
                    answered = true;
                }
                case "no" -> {
                    no += probability;
                    answered = true;
                }
                default -> {}
            }
        }
        if (!answered) {
            throw new IllegalArgumentException("neither yes nor no is among the likeliest words");
        }
        return new YesNo(Math.min(1, yes), Math.min(1, no));
    }

    private static double probability(JsonNode logProb) {
        if (!StrictJson.isFiniteNumber(logProb) || logProb.doubleValue() > 1e-3) {
            throw new IllegalArgumentException("a log-probability is " + logProb);
        }
        return Math.exp(logProb.doubleValue());
    }

    private static String word(JsonNode token) {
        return NO_LETTER.matcher(token.path("token").asText()).replaceAll("").toLowerCase(Locale.ROOT);
    }
}
