/**
 * Latent consistency distillation: a diffusion model as teacher, a consistency model as student. Start with {@link
 * dev.rlcm.distill.ConsistencyDistiller}. Imports supervised and what it builds on, mdp, policy for {@link
 * dev.rlcm.policy.ConsistencyModel}, lora and random.
 */
@NullMarked
package dev.rlcm.distill;

import org.jspecify.annotations.NullMarked;
