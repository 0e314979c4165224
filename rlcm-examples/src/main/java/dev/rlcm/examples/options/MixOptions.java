package dev.rlcm.examples.options;

import dev.rlcm.backend.Backend;
import dev.rlcm.reward.RewardFailure;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.reward.RewardMix;
import dev.rlcm.reward.Standardisation;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How several rewards become one, and what watches over it. */
public final class MixOptions {
    @Option(
            names = "--standardise",
            paramLabel = "SCALE",
            description =
                    "To what the terms of a sum are brought before they are added: ${COMPLETION-CANDIDATES}. Default:"
                            + " prompt where several pictures of each prompt are sampled, else rollout.")
    private @Nullable Standardisation standardisation;

    @Option(
            names = "--guard",
            split = ",",
            paramLabel = "\"NAME >= X\"",
            converter = RewardGuard.Converter.class,
            description =
                    "What every picture has to keep: those that do are above those that do not, whatever the reward."
                            + " May stand several times.")
    private List<RewardGuard> guards = new ArrayList<>();

    @Option(
            names = "--shadow",
            split = ",",
            paramLabel = "NAME",
            description =
                    "Rewards that are not trained on, but evaluated, to see whether the reward is hacked; none for"
                            + " none. Default: clipscore for file sizes and looks of the embedded model's pictures, else none.")
    private @Nullable List<String> shadows;

    @Option(
            names = "--reward-failure",
            paramLabel = "POLICY",
            description =
                    "What becomes of a picture that cannot be scored: ${COMPLETION-CANDIDATES}: end the run, leave it"
                            + " out, or give it the mean of its prompt. Default: ${DEFAULT-VALUE}.")
    private RewardFailure failure = RewardFailure.FAIL;

    @Option(
            names = "--reward-threads",
            paramLabel = "N",
            description = "Threads that score pictures while others are sampled. Default: ${DEFAULT-VALUE}.")
    int threads = 1;

    /** What is trained on. A single reward stays as it is. */
    RewardFunction reward(RewardOptions options, int samplesPerPrompt, Backend backend) throws IOException {
        RewardExpression expression = options.expression();
        if (expression.isSingle() && guards.isEmpty()) {
            return options.create(expression.terms().get(0).reward(), backend).onFailure(failure);
        }
        RewardMix mix = options.mix(backend).standardised(standardisation(expression, samplesPerPrompt));
        for (RewardGuard guard : guards) {
            mix = mix.guardedBy(options.create(guard.reward(), backend), guard.least());
        }
        return mix.onFailure(failure);
    }

    private Standardisation standardisation(RewardExpression expression, int samplesPerPrompt) {
        if (standardisation != null) {
            return standardisation;
        }
        if (expression.terms().size() == 1) {
            return Standardisation.NONE;
        }
        return samplesPerPrompt > 1 ? Standardisation.PROMPT : Standardisation.ROLLOUT;
    }

    public List<RewardGuard> guards() {
        return guards;
    }

    /**
     * What is watched, by name.
     *
     * @param embedded whether the pictures are the embedded model's, which the embedded CLIP knows
     * @throws IllegalArgumentException if one of them is trained on
     */
    Map<String, RewardFunction> shadows(RewardOptions options, boolean embedded, Backend backend) throws IOException {
        Map<String, RewardFunction> rewards = new LinkedHashMap<>();
        for (Task shadow : shadows(options, embedded)) {
            rewards.put(shadow.toString(), options.create(shadow, backend).onFailure(failure));
        }
        return rewards;
    }

    /** The rewards of the sum's terms and of the guards. */
    List<Task> trained(RewardOptions options) {
        return Stream.concat(
                        options.expression().terms().stream().map(RewardExpression.Term::reward),
                        guards.stream().map(RewardGuard::reward))
                .toList();
    }

    private List<Task> shadows(RewardOptions options, boolean embedded) {
        List<Task> trained = trained(options);
        if (shadows == null) {
            boolean known = embedded || options.clip().isPresent();
            return known && trained.stream().allMatch(Task::ignoresPrompts) ? List.of(Task.CLIPSCORE) : List.of();
        }
        if (shadows.equals(List.of("none"))) {
            return List.of();
        }
        List<Task> named = shadows.stream().map(RewardExpression::reward).toList();
        named.stream().filter(trained::contains).findFirst().ifPresent(both -> {
            throw new IllegalArgumentException("the shadow " + both
                    + " is part of the reward or its guard; a shadow must not be trained on, choose another");
        });
        return named;
    }

    /** For reports. */
    void summarise(Map<String, Object> entries, RewardOptions options, int samplesPerPrompt, boolean embedded) {
        entries.put("standardise", word(standardisation(options.expression(), samplesPerPrompt)));
        entries.put("guard", guards.stream().map(RewardGuard::toString).toList());
        List<Task> watched = shadows(options, embedded);
        entries.put(
                "shadow",
                watched.isEmpty()
                        ? List.of("none")
                        : watched.stream().map(Task::toString).toList());
        entries.put("reward-failure", word(failure));
        entries.put("reward-threads", threads);
    }

    private static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}
