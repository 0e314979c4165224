package dev.rlcm.distill;

import dev.rlcm.random.RandomStreams;
import java.util.List;

/** Where a distillation's clean latents come from. Implementations are thread-safe. */
@FunctionalInterface
public interface LatentSource {
    /** A latent; the same streams give the same one. */
    CaptionedLatent draw(RandomStreams random);

    /**
     * Each of the given latents equally often.
     *
     * @throws IllegalArgumentException if there are none
     */
    static LatentSource of(List<CaptionedLatent> latents) {
        List<CaptionedLatent> all = List.copyOf(latents);
        if (all.isEmpty()) {
            throw new IllegalArgumentException("a distillation needs at least one latent");
        }
        return random -> all.get(random.generator().nextInt(all.size()));
    }
}
