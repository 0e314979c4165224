package dev.rlcm.distill;

/**
 * A row of a batch.
 *
 * @param data the clean latent and its caption
 * @param noise standard normal, of the latent's size; read, not kept
 * @param step which of the schedule's distillation steps, from 0 for the least noise
 * @param guidance the teacher's guidance scale, at least 1
 */
public record DistillationRow(CaptionedLatent data, float[] noise, int step, double guidance) {}
