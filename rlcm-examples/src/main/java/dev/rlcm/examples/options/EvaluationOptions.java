package dev.rlcm.examples.options;

import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Prompt;
import dev.rlcm.train.HeldOutPrompts;
import dev.rlcm.train.PromptSource;
import dev.rlcm.train.Prompts;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How a run is judged while it goes on, what is kept of it, and when it ends. */
public final class EvaluationOptions {
    @Option(
            names = "--evaluate-every",
            paramLabel = "N",
            description =
                    "Epochs between evaluations of reward and shadows on fixed prompts and noises; the best adapter is"
                            + " kept as best.safetensors. Default: ${DEFAULT-VALUE}.")
    public int every = 10;

    @Option(
            names = "--evaluation-prompts",
            paramLabel = "FILE|SET",
            description = "What evaluations draw, as --prompts has it. Default: the training prompts.")
    private @Nullable String prompts;

    @Option(
            names = "--hold-out",
            paramLabel = "SHARE",
            description =
                    "Share of the prompts that training never draws and evaluations alone do; 0 for none. Default:"
                            + " ${DEFAULT-VALUE}.")
    private double holdOut = 0;

    @Option(
            names = "--ema",
            paramLabel = "DECAY",
            description =
                    "Evaluate and keep the moving average of the adapter over the optimiser steps; 0 for the adapter"
                            + " itself. Default: ${DEFAULT-VALUE}.")
    double averageDecay = 0;

    @Option(
            names = "--patience",
            paramLabel = "N",
            description = "End after that many evaluations in a row that are not better than the best one, and keep the"
                    + " adapter of that one. Default: train for all epochs.")
    private @Nullable Integer patience;

    @Option(
            names = "--stop-on-hacking",
            fallbackValue = "true",
            description = "End where the reward rises while the shadows fall, and keep the best adapter from before.")
    public boolean stopOnHacking;

    @Option(
            names = "--keep-checkpoints",
            paramLabel = "N",
            description =
                    "How many of the latest checkpoints to keep; all but the last one are in the folder checkpoints."
                            + " Default: ${DEFAULT-VALUE}.")
    public int keptCheckpoints = 1;

    /**
     * Checks what does not depend on the task.
     *
     * @throws IllegalArgumentException if an option is wrong whatever is trained for
     */
    public void check() {
        if (every < 1) {
            throw new IllegalArgumentException("evaluate-every must be at least 1, got " + every);
        }
        if (keptCheckpoints < 1) {
            throw new IllegalArgumentException("keep-checkpoints must be at least 1, got " + keptCheckpoints);
        }
        if (patience != null && patience < 1) {
            throw new IllegalArgumentException("patience must be at least 1, got " + patience);
        }
        if (prompts != null && holdOut != 0) {
            throw new IllegalArgumentException(
                    "--hold-out and --evaluation-prompts both say what evaluations draw;" + " give one of them");
        }
    }

    /** After how many evaluations without progress a run ends. */
    public OptionalInt patience() {
        return patience == null ? OptionalInt.empty() : OptionalInt.of(patience);
    }

    /** What is trained on, of all prompts that are given. */
    PromptSource training(PromptsOption given, long seed) throws IOException {
        return holdOut == 0 ? given.source() : source(split(given, seed).training());
    }

    /** What is evaluated. */
    PromptSource evaluated(PromptsOption given, long seed) throws IOException {
        if (prompts != null) {
            return PromptsOption.source(prompts);
        }
        return holdOut == 0 ? given.source() : source(split(given, seed).evaluation());
    }

    /** The texts of all prompts that are trained on or evaluated. */
    List<String> texts(PromptsOption given) throws IOException {
        List<String> texts = new ArrayList<>(given.prompts().all());
        if (prompts != null) {
            texts.addAll(PromptsOption.texts(prompts));
        }
        return texts;
    }

    private HeldOutPrompts split(PromptsOption given, long seed) throws IOException {
        return HeldOutPrompts.split(given.all(), holdOut, RandomStreams.seeded(seed));
    }

    private static PromptSource source(List<Prompt> prompts) {
        return prompts.stream().allMatch(prompt -> prompt.metadata().isEmpty())
                ? new Prompts(prompts.stream().map(Prompt::text).toList())
                : PromptSource.uniform(prompts);
    }

    void summarise(Map<String, Object> entries) {
        entries.put("evaluate-every", every);
        entries.put("evaluation-prompts", prompts != null ? prompts : new Unset("the training prompts"));
        entries.put("hold-out", holdOut);
        entries.put("ema", averageDecay);
        entries.put("patience", patience != null ? patience : new Unset("all epochs"));
        entries.put("stop-on-hacking", stopOnHacking);
        entries.put("keep-checkpoints", keptCheckpoints);
    }
}
