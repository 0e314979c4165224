package dev.rlcm.train;

import dev.rlcm.check.Check;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The checkpoints of a run in its directory: {@code checkpoint.safetensors} is the latest, and where several are kept, they are
 * {@code checkpoints/epoch-000010.safetensors} and so on, of which the oldest are deleted. What is there is what counts, so that a
 * run that is resumed goes on with it.
 *
 * @param directory of the run
 * @param kept how many to keep, at least 1
 */
public record CheckpointFiles(Path directory, int kept) {
    private static final String EARLIER = "checkpoints";
    private static final Pattern NAME = Pattern.compile("epoch-\\d{6,}\\.safetensors");

    public CheckpointFiles {
        Check.atLeast(1, "kept", kept);
    }

    /** The directory of the run that has left a checkpoint, be it the latest or an earlier one. */
    public static Path runOf(Path checkpoint) {
        Path parent = checkpoint.toAbsolutePath().getParent();
        boolean isEarlier = parent.endsWith(EARLIER)
                && NAME.matcher(checkpoint.getFileName().toString()).matches();
        return isEarlier ? parent.getParent() : parent;
    }

    /** The file of the latest checkpoint. */
    public Path latest() {
        return directory.resolve("checkpoint.safetensors");
    }

    /**
     * Writes the trainer's state, then deletes what is too old. Each file is written atomically.
     *
     * @throws IOException if a file cannot be written or deleted
     */
    public void save(Trainer trainer) throws IOException {
        trainer.save(latest());
        if (kept > 1) {
            String name = String.format(Locale.ROOT, "epoch-%06d.safetensors", trainer.epochsDone());
            trainer.save(earlier().resolve(name));
            for (Path old : numbered().stream().skip(kept).toList()) {
                Files.delete(old);
            }
        }
    }

    private Path earlier() {
        return directory.resolve(EARLIER);
    }

    /** The latest first. */
    private List<Path> numbered() throws IOException {
        try (Stream<Path> files = Files.list(earlier())) {
            return files.filter(
                            file -> NAME.matcher(file.getFileName().toString()).matches())
                    .sorted(Comparator.<Path>naturalOrder().reversed())
                    .toList();
        }
    }
}
