package dev.rlcm.train;

import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Prompt;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.zip.CRC32;

/**
 * The prompts that a policy is trained on, drawn uniformly with replacement as in the paper.
 *
 * @param all at least one; none blank
 */
public record Prompts(List<String> all) implements PromptSource {
    public Prompts {
        all = List.copyOf(all);
        if (all.isEmpty()) {
            throw new IllegalArgumentException("there are no prompts; give at least one");
        }
        if (all.stream().anyMatch(String::isBlank)) {
            throw new IllegalArgumentException("a prompt is blank, in " + all);
        }
    }

    public static Prompts of(String... prompts) {
        return new Prompts(List.of(prompts));
    }

    /**
     * One prompt a line, UTF-8; blank lines are left out.
     *
     * @throws IOException if the file cannot be read, is not UTF-8 text, or has no prompt
     */
    public static Prompts lines(Path file) throws IOException {
        if (Files.isDirectory(file)) {
            throw new IOException(file + " is a directory; give a text file with one prompt a line");
        }
        try {
            List<String> lines = Files.readAllLines(file, StandardCharsets.UTF_8).stream()
                    .map(String::strip)
                    .filter(line -> !line.isEmpty())
                    .toList();
            if (lines.isEmpty()) {
                throw new IOException(file + " has no prompts; write one a line");
            }
            return new Prompts(lines);
        } catch (MalformedInputException e) {
            throw new IOException(file + " is not UTF-8 text; save it as UTF-8, one prompt a line", e);
        }
    }

    /**
     * The texts of {@link #draw(int, int, RandomStreams)}, which are the same in every epoch, in a new list.
     *
     * @param random {@code random.at("prompts")} is drawn from, so that a rollout may use the same streams
     */
    public List<String> draw(int count, RandomStreams random) {
        RandomGenerator generator = random.at("prompts").generator();
        List<String> drawn = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            drawn.add(all.get(generator.nextInt(all.size())));
        }
        return drawn;
    }

    @Override
    public List<Prompt> draw(int epoch, int count, RandomStreams random) {
        return Prompt.all(draw(count, random));
    }

    /** For example {@code 398 prompts (5d41402a)}: their number and a checksum. */
    @Override
    public String name() {
        return name(all.size(), all.toString());
    }

    static String name(int size, String content) {
        CRC32 checksum = new CRC32();
        checksum.update(content.getBytes(StandardCharsets.UTF_8));
        return String.format("%d prompts (%08x)", size, checksum.getValue());
    }
}
