package dev.rlcm.onnx.pipeline;

import dev.rlcm.onnx.pipeline.TextSource.Use;
import dev.rlcm.onnx.pipeline.text.PromptTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * Prompts as a text encoder takes them: in lower case if the family's are, after the model's instruction if there is one, and as a fixed
 * number of ids. Thread-safe. Native memory is freed by {@link #close}.
 */
public final class TextInput implements AutoCloseable {
    /** The file of a tokenizer's folder that has the text before every prompt, taken to the letter. */
    public static final String INSTRUCTION = "instruction.txt";

    private final PromptTokenizer tokenizer;
    private final TextSource source;
    private final String instruction;
    private final Lengths lengths;

    /**
     * How many tokens a text has.
     *
     * @param ids that the encoder takes
     * @param kept those of them whose states are taken: all, but for an instruction's
     */
    public record Lengths(int ids, int kept) {
        boolean isCut() {
            return kept < ids;
        }
    }

    /**
     * A text for the encoder.
     *
     * @param ids of all tokens
     * @param used how many of them are not padding
     * @param kept the indices of those whose states are taken, ascending
     */
    record Tokens(long[] ids, int used, int[] kept) {}

    private TextInput(PromptTokenizer tokenizer, TextSource source, String instruction, int kept) {
        this.tokenizer = tokenizer;
        this.source = source;
        this.instruction = instruction;
        this.lengths = new Lengths(tokenizer.maxLength(), kept);
    }

    /**
     * Reads a tokenizer, and the instruction if the family has one.
     *
     * @param fixed the number of ids that the encoder was exported for, if it takes no other
     * @param positions the most ids that the encoder can take
     * @throws IllegalArgumentException if the folder holds no tokenizer, or the encoder takes too few ids for the instruction
     */
    public static TextInput load(Path folder, TextSource source, OptionalInt fixed, int positions) throws IOException {
        Path file = folder.resolve(INSTRUCTION);
        String instruction = source.is(Use.INSTRUCTED) && Files.isRegularFile(file) ? Files.readString(file) : "";
        if (instruction.isEmpty()) {
            int longest = fixed.orElse(Math.min(positions, source.tokens()));
            PromptTokenizer tokenizer = PromptTokenizer.load(folder, longest);
            return new TextInput(tokenizer, source, "", tokenizer.maxLength());
        }
        int kept = PromptTokenizer.maxLength(folder, source.tokens());
        int length = kept
                + count(folder, instruction)
                - 2; // of the last kept - 1 tokens, the first is the instruction's last
        if (length > positions || (fixed.isPresent() && fixed.getAsInt() != length)) {
            throw new IllegalArgumentException("with " + file + " a prompt has " + length
                    + " tokens, the text encoder takes " + fixed.orElse(positions)
                    + "; export it with dynamic axes, or delete the instruction if the model was trained without");
        }
        return new TextInput(PromptTokenizer.ofLength(folder, length), source, instruction, kept);
    }

    /** How many tokens a text has, the start token included. */
    private static int count(Path folder, String text) throws IOException {
        try (PromptTokenizer tokenizer = PromptTokenizer.ofLength(folder, 2 + 4 * text.length())) {
            return tokenizer.encodeUnpadded(text).length;
        }
    }

    public Lengths lengths() {
        return lengths;
    }

    /** The ids of a prompt, after the instruction; the empty text, the negative prompt, has none. */
    Tokens of(String prompt) {
        String text =
                source.is(Use.LOWER_CASE) ? prompt.toLowerCase(Locale.ROOT).strip() : prompt;
        String whole = (prompt.isEmpty() ? "" : instruction) + source.template().of(text);
        int skipped = prompt.isEmpty() ? 0 : lengths.ids() - lengths.kept();
        long[] ids = tokenizer.encode(whole);
        int used = Math.min(tokenizer.encodeUnpadded(whole).length, ids.length);
        IntStream kept = IntStream.range(0, lengths.kept()).map(i -> i == 0 ? 0 : i + skipped);
        return new Tokens(ids, used, kept.toArray());
    }

    /** Whether the family's pipelines have an instruction, which the folder lacks. */
    public boolean lacksInstruction() {
        return source.is(Use.INSTRUCTED) && instruction.isEmpty();
    }

    /** The ids of a prompt, for checks. */
    public long[] ids(String prompt) {
        return of(prompt).ids();
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
