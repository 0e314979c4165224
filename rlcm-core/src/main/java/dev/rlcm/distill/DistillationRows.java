package dev.rlcm.distill;

import dev.rlcm.random.RandomStreams;
import java.util.random.RandomGenerator;

/** The rows of all batches. A host gives others than random ones to replay somebody else's run. */
@FunctionalInterface
public interface DistillationRows {
    /**
     * A row of a batch. The same arguments should give the same row, so that a resumed run continues bit for bit.
     *
     * @param batch its number over all steps, from 0
     * @param row in the batch, from 0
     */
    DistillationRow row(long batch, int row);

    /**
     * Latents of a source, each with normal noise, a step and a guidance scale that are uniformly random.
     *
     * @param steps how many the schedule has
     */
    static DistillationRows random(LatentSource data, int steps, DistillationConfig config) {
        RandomStreams streams = RandomStreams.seeded(config.seed()).at("distillation");
        return (batch, row) -> {
            RandomStreams own = streams.at(batch).at(row);
            CaptionedLatent drawn = data.draw(own.at("latent"));
            RandomGenerator generator = own.at("step").generator();
            int step = generator.nextInt(steps);
            double guidance = config.guidance(generator.nextDouble());
            return new DistillationRow(drawn, own.at("noise").gaussians(drawn.latent().length), step, guidance);
        };
    }
}
