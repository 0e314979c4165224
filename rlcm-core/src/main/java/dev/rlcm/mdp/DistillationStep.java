package dev.rlcm.mdp;

import dev.rlcm.check.Check;

/**
 * One step of a teacher's solver, from timestep t to the less noisy s, and the consistency function at both ends: what latent
 * consistency distillation compares (Luo et al., arXiv:2310.04378, eq. 14). The student's f(x_t, t) shall be what the target
 * network's f gives for the x_s that the teacher makes of x_t. Immutable and thread-safe.
 *
 * @param from the forward process at t, with f(x, t) as the estimate of x0
 * @param solver the teacher's deterministic step from x_t to x_s
 * @param target f(x, s), deterministic; the identity at s = 0
 */
public record DistillationStep(ForwardStep from, GaussianStep solver, GaussianStep target) {
    public DistillationStep {
        Check.that(!solver.isStochastic(), "solver", "deterministic", solver);
        Check.that(!target.isStochastic(), "target", "deterministic", target);
    }
}
