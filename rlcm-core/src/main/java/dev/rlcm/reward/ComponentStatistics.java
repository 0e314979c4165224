package dev.rlcm.reward;

import org.apache.commons.math3.stat.StatUtils;
import org.apache.commons.math3.stat.correlation.PearsonsCorrelation;

/**
 * A component of a reward in one rollout.
 *
 * @param mean in the component's unit
 * @param std population standard deviation
 * @param correlation Pearson's, of the component on the mix's scale with the total; near 0 the component starves, below 0 it is
 *     given up for others. Under {@link Standardisation#PROMPT} differences between prompts do not count here either. NaN
 *     where component or total is the same for all samples
 */
public record ComponentStatistics(double mean, double std, double correlation) {
    /**
     * Of samples that all have a total.
     *
     * @param scores in the component's unit
     * @param scaled the same on the mix's scale
     */
    static ComponentStatistics of(double[] scores, double[] scaled, double[] totals) {
        return new ComponentStatistics(
                StatUtils.mean(scores),
                Math.sqrt(StatUtils.populationVariance(scores)),
                scores.length < 2 ? Double.NaN : new PearsonsCorrelation().correlation(scaled, totals));
    }
}
