package dev.rlcm.examples.compare;

import dev.rlcm.train.EpochReport;

/**
 * What training has taken so far, evaluation not included.
 *
 * @param pictures sampled
 * @param evaluations rows that the network was evaluated on to sample them, two a step with guidance that is not distilled
 * @param trainingSeconds of sampling, rewarding and updating, wall clock
 * @param samplingSeconds of these, those of sampling
 */
public record Effort(long pictures, long evaluations, double trainingSeconds, double samplingSeconds) {
    static final Effort NONE = new Effort(0, 0, 0, 0);

    /** @param evaluationsPerPicture rows that the network is evaluated on for one */
    Effort plus(EpochReport report, int evaluationsPerPicture) {
        int more = report.rollout().size();
        return new Effort(
                pictures + more,
                evaluations + (long) more * evaluationsPerPicture,
                trainingSeconds + report.totalTime().toNanos() * 1e-9,
                samplingSeconds + report.samplingTime().toNanos() * 1e-9);
    }
}
