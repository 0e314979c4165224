package dev.rlcm.rewards;

import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** The package's baselines: a heading, then lines of layer, precision, recall and F1, separated by commas. */
final class BaselineFile {
    private BaselineFile() {}

    static BertScore.Score read(Path file, int layer) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new IllegalArgumentException(
                    file + " does not exist; take the model's from rescale_baseline/<language>"
                            + " of https://github.com/Tiiiger/bert_score");
        }
        List<String> lines = lines(file);
        for (String line : lines.subList(Math.min(1, lines.size()), lines.size())) {
            double[] row = row(line, file);
            if (row[0] == layer) {
                return new BertScore.Score(row[1], row[2], row[3]);
            }
        }
        throw new IllegalArgumentException(
                file + " has no baseline for layer " + layer + "; use that of the model and layer that are loaded");
    }

    private static List<String> lines(Path file) throws IOException {
        try {
            return Files.readAllLines(file);
        } catch (MalformedInputException e) {
            throw new IllegalArgumentException(file + " is not UTF-8 text; fetch it again", e);
        }
    }

    private static double[] row(String line, Path file) {
        try {
            double[] row = Arrays.stream(line.split(",", -1))
                    .mapToDouble(Double::parseDouble)
                    .toArray();
            if (row.length == 4 && Arrays.stream(row).skip(1).allMatch(baseline -> baseline < 1)) {
                return row;
            }
        } catch (NumberFormatException e) {
            // falls through to the message about the line
        }
        throw new IllegalArgumentException(
                file + ": expected a line of layer, P, R and F below 1, separated by commas, got \"" + line + "\"");
    }
}
