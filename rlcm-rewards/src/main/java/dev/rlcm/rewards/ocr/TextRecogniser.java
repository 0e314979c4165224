package dev.rlcm.rewards.ocr;

import dev.rlcm.backend.Executable;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.util.List;
import java.util.Map;

/**
 * What a line of text says, by a network trained with connectionist temporal classification (Graves et al., 2006): of the
 * likeliest class of every column, repetitions and blanks are left out. Preparation and decoding are PaddleOCR's ({@code
 * predict_rec.py}, {@code CTCLabelDecode}).
 */
final class TextRecogniser {
    private static final String INPUT = "x";
    private static final int HEIGHT = 48;
    private static final int SHORTEST = 320;
    private static final int LONGEST = 3200;
    private static final int BLANK = 0;

    private final Executable network;
    private final List<String> characters;

    /** @param characters of the classes from 1 on */
    TextRecogniser(Executable network, List<String> characters) {
        this.network = network;
        this.characters = characters;
    }

    /**
     * A line's text.
     *
     * @param confidence the mean probability of its characters; 0 if there are none
     */
    record Line(String text, double confidence) {}

    Line read(Picture line) {
        double ratio = (double) line.width() / line.height();
        int written = (int) Math.max(1, Math.min(LONGEST, Math.ceil(HEIGHT * ratio)));
        TensorData probabilities = network.run(Map.of(INPUT, input(line.resized(HEIGHT, written))))
                .values()
                .iterator()
                .next();
        int classes = probabilities.shape().dim(2);
        if (classes != characters.size() + 1) {
            throw new IllegalArgumentException("the recogniser tells " + classes + " classes apart, and there are "
                    + characters.size() + " characters and the blank; take the key file that belongs to it");
        }
        return decode(probabilities, classes);
    }

    /** Grey from -1 to 1, blue first; what is right of the line is 0. */
    private static TensorData input(Picture line) {
        int width = Math.max(SHORTEST, line.width());
        return TensorData.generate(DataType.FLOAT32, Shape.of(1, 3, HEIGHT, width), i -> {
            int plane = i / (HEIGHT * width);
            int y = i / width % HEIGHT;
            int x = i % width;
            return x < line.width() ? 2 * line.planes()[2 - plane][y * line.width() + x] - 1 : 0;
        });
    }

    private Line decode(TensorData probabilities, int classes) {
        StringBuilder text = new StringBuilder();
        double sum = 0;
        int count = 0;
        int before = BLANK;
        for (int column = 0; column < probabilities.shape().dim(1); column++) {
            int best = 0;
            for (int i = 1; i < classes; i++) {
                if (probabilities.getDouble(column * classes + i) > probabilities.getDouble(column * classes + best)) {
                    best = i;
                }
            }
            if (best != BLANK && best != before) {
                text.append(characters.get(best - 1));
                sum += probabilities.getDouble(column * classes + best);
                count++;
            }
            before = best;
        }
        return new Line(text.toString(), count == 0 ? 0 : sum / count);
    }
}
