package dev.rlcm.examples.lab;

import dev.rlcm.examples.options.Cli;
import dev.rlcm.examples.run.Runs;
import dev.rlcm.io.AtomicFiles;
import dev.rlcm.onnx.pipeline.ImageFiles;
import dev.rlcm.onnx.pipeline.ImageFolder;
import dev.rlcm.reward.Prompt;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import me.tongfei.progressbar.ProgressBar;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The first stage of the embedded models: the pictures that they are trained on and measured against. */
@Command(
        name = "draw-pictures",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description =
                "Draws animals in scenes from four emoji sets, 64 x 64 pixels, with captions: a folder of PNGs and"
                        + " metadata.jsonl. Fetches the emoji by npm if they are not in the cache.")
public final class DrawPictures implements Callable<Integer> {
    @Option(names = "--count", paramLabel = "N", description = "How many. Default: ${DEFAULT-VALUE}.")
    private int count = 40_000;

    @Option(
            names = "--in-turn",
            description =
                    "Every animal in every scene in turn, 315 pictures a round, with the model's prompts as captions,"
                            + " for measuring. Default: at random, with captions of several wordings, for training.")
    private boolean inTurn;

    @Option(
            names = "--all-emoji",
            description =
                    "Draw faces, kinds and colours of the animals too, 268 sprites. Default: the plain emoji of each,"
                            + " 180 sprites, as the embedded models were trained on.")
    private boolean all;

    @Option(names = "--seed", description = "Of everything that is random. Default: ${DEFAULT-VALUE}.")
    private long seed = 1;

    @Option(names = "--out", paramLabel = "DIR", description = "Where the pictures go. Default: pictures in the cache.")
    private @Nullable Path out;

    @Mixin
    private CacheOption cache = new CacheOption();

    @Spec
    private CommandSpec spec;

    public static void main(String[] args) {
        Cli.run(new DrawPictures(), args);
    }

    @Override
    public Integer call() throws IOException {
        if (count < 1) {
            throw new IllegalArgumentException("--count must be positive, got " + count);
        }
        Path folder = out != null ? out : cache.folder("pictures");
        PictureMaker maker = PictureMaker.load(cache.artwork(), all, seed);
        IntFunction<Sample> drawing = inTurn ? maker::inTurn : maker::random;
        List<ImageFolder.Entry> entries;
        try (ProgressBar bar = Runs.bar("pictures", count)) {
            entries = IntStream.range(0, count)
                    .parallel()
                    .mapToObj(i -> write(drawing.apply(i), folder, i, bar))
                    .toList();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        try (InputStream notice = Objects.requireNonNull(
                DrawPictures.class.getResourceAsStream("/models/emoji-lcm/NOTICE.md"), "NOTICE.md")) {
            AtomicFiles.write(folder.resolve("NOTICE.md"), notice::transferTo);
        }
        new ImageFolder(folder, entries).writeMetadata();
        spec.commandLine().getOut().println(folder);
        return 0;
    }

    private static ImageFolder.Entry write(Sample sample, Path folder, int index, ProgressBar bar) {
        String name = String.format("%06d.png", index);
        try {
            ImageFiles.writePng(sample, folder.resolve(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        bar.step();
        return new ImageFolder.Entry(name, new Prompt(sample.prompt(), sample.metadata()));
    }
}
