package dev.rlcm.examples.quality;

import dev.rlcm.rewards.distribution.PrecisionRecall;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * What is measured of a set of pictures against the reference.
 *
 * @param pictures how many
 * @param frechet distance of the embeddings, of unit length
 * @param accuracy share of pictures that show what was asked for, by field of the captions' metadata
 * @param similarity mean cosine of picture and caption, if there are captions
 * @param kilobytes mean size as JPEG of quality 95, kB
 */
public record Measurements(
        int pictures,
        double frechet,
        PrecisionRecall precisionRecall,
        Map<String, Double> accuracy,
        OptionalDouble similarity,
        double kilobytes) {}
