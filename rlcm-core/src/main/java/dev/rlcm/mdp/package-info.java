/**
 * The Markov decision process of few-step samplers: every sampler is a {@link dev.rlcm.mdp.Schedule} of affine Gaussian
 * {@link dev.rlcm.mdp.GaussianStep}s. Start there, then {@link dev.rlcm.mdp.LatentConsistencySchedule}. Imports the JDK,
 * check and Commons Math.
 *
 * <p>The letters of shapes, here and everywhere in the library:
 *
 * <ul>
 *   <li>B: rows of a batch, each one (trajectory, step) pair
 *   <li>C, h, w: channels, height and width of the latents
 *   <li>H, W: height and width of the picture, which has 3 channels and is a fixed factor larger
 *   <li>D = C h w: elements of one latent
 *   <li>S: tokens of a prompt
 *   <li>N: network evaluations of a trajectory, the paper's horizon; k = 0 .. N - 1 counts them
 * </ul>
 *
 * <p>x is a noisy latent, m the network's raw output, z standard normal noise, t a timestep, abar the cumulative product
 * of the alphas, s the noise level of flow matching.
 */
@NullMarked
package dev.rlcm.mdp;

import org.jspecify.annotations.NullMarked;
