package dev.rlcm.lora;

import dev.rlcm.check.Check;

/**
 * Which layers get a low-rank adapter, and of what size: y = W x + (alpha / rank) B A x, with A [rank, in] and
 * B [out, rank] (Hu et al., 2021, arXiv:2106.09685). In a convolution A is a convolution to rank channels with the
 * layer's own kernel, stride, padding and dilation, and B one with a kernel of 1x1, as in diffusers, PEFT and kohya.
 *
 * @param rank at least 1; what exceeds the smaller side of a layer's weight is of no use to that layer, see
 *     {@link LoraAdapter#initial}
 * @param alpha positive; the update is scaled by alpha / rank
 * @param targets the layers that are meant
 * @param component what diffusers calls the network, and begins the keys of its files with: {@code unet} or {@code transformer}
 */
public record LoraConfig(int rank, double alpha, LoraTargets targets, String component) {
    private static final String UNET = "unet";

    public LoraConfig {
        Check.atLeast(1, "rank", rank);
        Check.positive("alpha", alpha);
        Check.that(component.matches("\\w+"), "component", "one word", component);
    }

    /** Of a UNet. */
    public LoraConfig(int rank, double alpha, LoraTargets targets) {
        this(rank, alpha, targets, UNET);
    }

    /** The given rank on the attention projections, with alpha = rank, as PEFT and diffusers assume by default. */
    public static LoraConfig rank(int rank) {
        return new LoraConfig(rank, rank, LoraTargets.ATTENTION);
    }

    public LoraConfig withAlpha(double newAlpha) {
        return new LoraConfig(rank, newAlpha, targets, component);
    }

    public LoraConfig targeting(LoraTargets newTargets) {
        return new LoraConfig(rank, alpha, newTargets, component);
    }

    /** Of another network, see {@link #component}. */
    public LoraConfig withComponent(String name) {
        return new LoraConfig(rank, alpha, targets, name);
    }

    /** As {@link #targeting(LoraTargets)}, with the patterns that are described there. */
    public LoraConfig targeting(String... patterns) {
        return targeting(LoraTargets.of(patterns));
    }

    /** alpha / rank. */
    public double scale() {
        return alpha / rank;
    }
}
