package dev.rlcm.lora;

import java.util.List;

/**
 * Which layers get a low-rank adapter, and of what size: y = W x + (alpha / rank) B A x, with A [rank, in] and
 * B [out, rank] (Hu et al., 2021, arXiv:2106.09685).
 *
 * @param rank at least 1
 * @param alpha positive; the update is scaled by alpha / rank
 * @param targets module names; a layer is meant if its path equals one of them or ends with a dot and one of them, as
 *     in PEFT
 */
public record LoraConfig(int rank, double alpha, List<String> targets) {
    /** The projections of attention, which the paper's reference implementation adapts. */
    public static final List<String> ATTENTION = List.of("to_q", "to_k", "to_v", "to_out.0");

    public LoraConfig {
        if (rank < 1) {
            throw new IllegalArgumentException("rank must be at least 1, got " + rank);
        }
        if (!(alpha > 0) || Double.isInfinite(alpha)) {
            throw new IllegalArgumentException("alpha must be positive and finite, got " + alpha);
        }
        targets = List.copyOf(targets);
        if (targets.isEmpty() || targets.stream().anyMatch(String::isBlank)) {
            throw new IllegalArgumentException("targets must name at least one module, got " + targets);
        }
    }

    /** The given rank on the attention projections, with alpha = rank, as PEFT and diffusers assume by default. */
    public static LoraConfig rank(int rank) {
        return new LoraConfig(rank, rank, ATTENTION);
    }

    public LoraConfig withAlpha(double newAlpha) {
        return new LoraConfig(rank, newAlpha, targets);
    }

    public LoraConfig targeting(String... newTargets) {
        return new LoraConfig(rank, alpha, List.of(newTargets));
    }

    /** alpha / rank. */
    public double scale() {
        return alpha / rank;
    }

    boolean targets(String path) {
        return targets.stream().anyMatch(target -> path.equals(target) || path.endsWith("." + target));
    }
}
