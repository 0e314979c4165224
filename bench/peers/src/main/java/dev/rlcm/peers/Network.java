package dev.rlcm.peers;

import java.nio.file.Path;
import java.util.Locale;

/** Networks that all peers can run; torch_unet.py knows them by the same names. */
enum Network {
    /** Stable Diffusion 1.5: 860 M parameters, 64x64 latents. */
    SD15(1, 16, 768, 77, 64),
    /** A quarter of its width, 32x32 latents. */
    QUARTER(2, 16, 768, 77, 32),
    /** The embedded model: 2.3 M parameters, 16x16 latents. */
    EMOJI(16, 8, 64, 12, 16);

    private static final Path SKELETON = Path.of("fixtures/sd15-unet-skeleton");

    /** What a run has by default. */
    final int rows;

    /** Of the adapter on the attention layers. */
    final int rank;

    final int contextWidth;
    final int words;

    /** Height and width of the latents. */
    final int side;

    Network(int rows, int rank, int contextWidth, int words, int side) {
        this.rows = rows;
        this.rank = rank;
        this.contextWidth = contextWidth;
        this.words = words;
        this.side = side;
    }

    /** Where its graph is, if it is not embedded. */
    Path directory() {
        return this == QUARTER ? SKELETON.resolve("quarter") : SKELETON;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
