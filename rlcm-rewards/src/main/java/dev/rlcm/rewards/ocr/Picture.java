package dev.rlcm.rewards.ocr;

import dev.rlcm.reward.Sample;

/**
 * Planes of reals that can be sampled between pixels.
 *
 * @param planes [3][H W], red, green and blue, in [0, 1]
 */
@SuppressWarnings("ArrayRecordComponent") // compared and printed nowhere
record Picture(float[][] planes, int height, int width) {
    static Picture of(Sample sample) {
        int size = sample.height() * sample.width();
        float[][] planes = new float[3][size];
        for (int i = 0; i < 3 * size; i++) {
            planes[i / size][i % size] = Math.max(0, Math.min(1, sample.pixels()[i]));
        }
        return new Picture(planes, sample.height(), sample.width());
    }

    /** The picture in another size, each pixel interpolated between the four around it, as OpenCV's INTER_LINEAR does. */
    Picture resized(int newHeight, int newWidth) {
        double scaleY = (double) height / newHeight;
        double scaleX = (double) width / newWidth;
        return sampled(
                newHeight, newWidth, (x, y) -> new double[] {(x + 0.5) * scaleX - 0.5, (y + 0.5) * scaleY - 0.5});
    }

    /** What lies in a box, upright. */
    Picture cut(TextBox box) {
        int boxWidth = Math.max(1, (int) Math.round(box.width()));
        int boxHeight = Math.max(1, (int) Math.round(box.height()));
        return sampled(boxHeight, boxWidth, (x, y) -> box.at(x * box.width() / boxWidth, y * box.height() / boxHeight));
    }

    /** Turned by a quarter, so that what runs downwards runs to the left. */
    Picture turned() {
        return sampled(width, height, (x, y) -> new double[] {width - 1.0 - y, x});
    }

    /** Where a pixel comes from. */
    @FunctionalInterface
    private interface Source {
        double[] of(int x, int y);
    }

    /** Sources beyond the edge take the pixel on it. */
    private Picture sampled(int newHeight, int newWidth, Source source) {
        float[][] target = new float[3][newHeight * newWidth];
        for (int y = 0; y < newHeight; y++) {
            for (int x = 0; x < newWidth; x++) {
                double[] at = source.of(x, y);
                double fromX = Math.max(0, Math.min(width - 1.0, at[0]));
                double fromY = Math.max(0, Math.min(height - 1.0, at[1]));
                int left = (int) fromX;
                int top = (int) fromY;
                int right = Math.min(left + 1, width - 1);
                int bottom = Math.min(top + 1, height - 1);
                for (int plane = 0; plane < 3; plane++) {
                    float[] values = planes[plane];
                    double above = mix(values[top * width + left], values[top * width + right], fromX - left);
                    double below = mix(values[bottom * width + left], values[bottom * width + right], fromX - left);
                    target[plane][y * newWidth + x] = (float) mix(above, below, fromY - top);
                }
            }
        }
        return new Picture(target, newHeight, newWidth);
    }

    private static double mix(double from, double to, double share) {
        return from + (to - from) * share;
    }
}
