package dev.rlcm.spark;

import dev.rlcm.reward.Prompt;
import dev.rlcm.reward.Sample;
import java.io.Serializable;

/** A picture on its way to the driver, see {@link Sample}. */
record PictureData(int height, int width, float[] pixels) implements Serializable {
    /** The picture, averaged over squares of pixels until neither side is longer than that. */
    static PictureData of(Sample sample, int longestSide) {
        int factor = (Math.max(sample.height(), sample.width()) + longestSide - 1) / longestSide;
        return factor == 1
                ? new PictureData(sample.height(), sample.width(), sample.pixels())
                : reduced(sample, factor);
    }

    private static PictureData reduced(Sample sample, int factor) {
        int height = Math.max(1, sample.height() / factor);
        int width = Math.max(1, sample.width() / factor);
        int side = Math.min(factor, Math.min(sample.height(), sample.width()));
        float[] pixels = new float[3 * height * width];
        for (int c = 0; c < 3; c++) {
            for (int y = 0; y < height; y++) {
                for (int x = 0; x < width; x++) {
                    double sum = 0;
                    for (int i = 0; i < side * side; i++) {
                        int row = y * factor + i / side;
                        int column = x * factor + i % side;
                        sum += sample.pixels()[(c * sample.height() + row) * sample.width() + column];
                    }
                    pixels[(c * height + y) * width + x] = (float) (sum / (side * side));
                }
            }
        }
        return new PictureData(height, width, pixels);
    }

    Sample toSample(Prompt prompt) {
        return Sample.of(prompt.text(), height, width, pixels).withPrompt(prompt);
    }
}
