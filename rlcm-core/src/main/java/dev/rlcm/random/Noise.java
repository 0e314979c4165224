package dev.rlcm.random;

import dev.rlcm.check.Check;

/**
 * The standard normal noise of a rollout. {@link RandomStreams} is one; a host gives another to replay a recorded run, or to
 * let several trajectories share their noise. Implementations that several rollouts use at once have to be
 * thread-safe, and so have those of a rollout on several replicas of a backend.
 */
@FunctionalInterface
public interface Noise {
    /**
     * The noise of one draw of one trajectory. The same arguments should give the same numbers, since a rollout may ask for
     * them in any order.
     *
     * @param trajectory its index in the rollout, from 0
     * @param draw 0 for the initial latent, k + 1 for action k
     * @param size how many numbers to return, the elements of one latent
     * @return [size], finite; read, not kept
     */
    float[] draw(int trajectory, int draw, int size);

    /**
     * This noise, but for the initial latents: each group of trajectories that follow one another begins at the same one, that
     * of its first trajectory. The actions' noises remain their own. Comparing trajectories of a group then compares
     * their actions alone.
     *
     * @param size of a group, at least 1
     */
    default Noise withCommonBeginnings(int size) {
        Check.atLeast(1, "size", size);
        return (trajectory, draw, count) -> draw(draw == 0 ? trajectory - trajectory % size : trajectory, draw, count);
    }
}
