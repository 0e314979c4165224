package dev.rlcm.policy;

import dev.rlcm.check.Check;
import dev.rlcm.random.Noise;

/**
 * The noise of one trajectory, checked, since a host may have made it.
 *
 * @param trajectory its index in the rollout
 * @param size D, the elements of one latent
 */
record EpisodeNoise(Noise noise, int trajectory, int size) {
    /** @param draw 0 for the initial latent, k + 1 for action k */
    float[] draw(int draw) {
        float[] values = noise.draw(trajectory, draw, size);
        Check.that(values.length == size, at(draw), size + " values", values.length);
        for (float value : values) {
            Check.that(Float.isFinite(value), at(draw), "finite", value);
        }
        return values;
    }

    private String at(int draw) {
        return "the noise of trajectory " + trajectory + ", draw " + draw + ",";
    }
}
