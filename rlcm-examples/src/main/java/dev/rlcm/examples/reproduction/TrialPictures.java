package dev.rlcm.examples.reproduction;

import dev.rlcm.examples.report.ImageGrid;
import dev.rlcm.examples.report.Tile;
import dev.rlcm.examples.run.Evaluator.Evaluation;
import dev.rlcm.onnx.pipeline.ImageFiles;
import dev.rlcm.reward.Sample;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;

/** The pictures of a trial on disk: the same prompts and noises before and after training. */
final class TrialPictures {
    static final String BEFORE = "before";
    static final String AFTER = "after";

    private TrialPictures() {}

    /** Writes {@code before-0.png} and so on, and the prompts beside them. */
    static void write(Path folder, String when, Evaluation evaluation) throws IOException {
        List<Sample> shown = evaluation.shown();
        for (int i = 0; i < shown.size(); i++) {
            ImageFiles.writePng(shown.get(i), file(folder, when, i));
        }
        Files.write(
                folder.resolve("prompts.txt"),
                shown.stream().map(Sample::prompt).toList());
    }

    private static Path file(Path folder, String when, int index) {
        return folder.resolve(when + "-" + index + ".png");
    }

    /** Whether a trial has left pictures of both. */
    static boolean exist(Path folder) {
        return Files.exists(file(folder, BEFORE, 0)) && Files.exists(file(folder, AFTER, 0));
    }

    /** A column for each prompt, no rows yet. */
    static ImageGrid grid(Path folder) throws IOException {
        return ImageGrid.of(Files.readAllLines(folder.resolve("prompts.txt")).toArray(String[]::new))
                .withScale(2);
    }

    /** A row of a grid. */
    static List<Tile> read(Path folder, String when) throws IOException {
        List<Tile> tiles = new ArrayList<>();
        for (int i = 0; Files.exists(file(folder, when, i)); i++) {
            BufferedImage picture = ImageIO.read(file(folder, when, i).toFile());
            tiles.add(new Tile(picture, ""));
        }
        return tiles;
    }
}
