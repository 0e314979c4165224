package dev.rlcm.examples.options;

import dev.rlcm.examples.models.PromptSet;
import dev.rlcm.reward.Prompt;
import dev.rlcm.train.PromptFiles;
import dev.rlcm.train.PromptSource;
import dev.rlcm.train.Prompts;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** What is drawn while training. */
public final class PromptsOption {
    @Option(
            names = "--prompts",
            paramLabel = "FILE|SET",
            completionCandidates = Sets.class,
            description =
                    "Training prompts: a file with one a line, a file *.jsonl with JSON objects of the field prompt and others"
                            + " for the reward, or a set that comes along: ${COMPLETION-CANDIDATES}. Default:"
                            + " ${DEFAULT-VALUE}.")
    private String prompts = PromptSet.EMOJI.toString();

    /** What training draws from. */
    public PromptSource source() throws IOException {
        return source(prompts);
    }

    /** All prompts of a file or set, drawn uniformly. */
    static PromptSource source(String prompts) throws IOException {
        return prompts.endsWith(".jsonl") ? PromptSource.uniform(all(prompts)) : new Prompts(texts(prompts));
    }

    /** Their texts alone. */
    public Prompts prompts() throws IOException {
        return new Prompts(texts(prompts));
    }

    /** The texts of a file or set. */
    public static List<String> texts(String prompts) throws IOException {
        return all(prompts).stream().map(Prompt::text).toList();
    }

    /** Every prompt once. */
    List<Prompt> all() throws IOException {
        return all(prompts);
    }

    private static List<Prompt> all(String prompts) throws IOException {
        Optional<PromptSet> known = set(prompts);
        return known.isPresent() ? Prompt.all(known.get().prompts().all()) : PromptFiles.read(Path.of(prompts));
    }

    private static Optional<PromptSet> set(String prompts) {
        return Arrays.stream(PromptSet.values())
                .filter(set -> set.toString().equalsIgnoreCase(prompts))
                .findFirst();
    }

    /** As it was given. */
    String name() {
        return prompts;
    }

    /** For the help. */
    static final class Sets implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Arrays.stream(PromptSet.values())
                    .map(set -> set + " (" + set.description() + ")")
                    .iterator();
        }
    }
}
