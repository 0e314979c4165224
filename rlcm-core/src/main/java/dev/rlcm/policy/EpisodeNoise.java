package dev.rlcm.policy;

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
        if (values.length != size) {
            throw new IllegalArgumentException(at(draw) + " must have " + size + " values, got " + values.length);
        }
        for (float value : values) {
            if (!Float.isFinite(value)) {
                throw new IllegalArgumentException(at(draw) + " must be finite, got " + value);
            }
        }
        return values;
    }

    private String at(int draw) {
        return "the noise of trajectory " + trajectory + ", draw " + draw + ",";
    }
}
