package dev.rlcm.examples.report;

import dev.rlcm.reward.Sample;
import java.awt.image.BufferedImage;
import java.util.Objects;

/**
 * A picture in a grid and the short text under it, such as {@code 2.98 kB}; the text may be empty. The picture is
 * shared, not copied.
 */
public record Tile(BufferedImage image, String caption) {
    public Tile {
        Objects.requireNonNull(image, "image");
        Objects.requireNonNull(caption, "caption");
    }

    public static Tile of(Sample sample, String caption) {
        return new Tile(sample.toBufferedImage(), caption);
    }
}
