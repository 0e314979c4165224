package dev.rlcm.reward;

import java.util.stream.IntStream;
import org.apache.commons.math3.stat.StatUtils;
import org.apache.commons.math3.stat.correlation.PearsonsCorrelation;

/**
 * A component of a reward in one rollout.
 *
 * @param mean in the component's unit
 * @param std population standard deviation
 * @param correlation Pearson's, with the total; near 0 the component starves, below 0 it is given up for others. NaN where
 *     component or total is the same for all samples
 */
public record ComponentStatistics(double mean, double std, double correlation) {
    /** Leaves out samples without a score, which are NaN. */
    static ComponentStatistics of(double[] scores, double[] totals) {
        int[] scored = IntStream.range(0, scores.length)
                .filter(i -> !Double.isNaN(scores[i]) && !Double.isNaN(totals[i]))
                .toArray();
        double[] x = IntStream.of(scored).mapToDouble(i -> scores[i]).toArray();
        double[] y = IntStream.of(scored).mapToDouble(i -> totals[i]).toArray();
        return new ComponentStatistics(
                StatUtils.mean(x),
                Math.sqrt(StatUtils.populationVariance(x)),
                x.length < 2 ? Double.NaN : new PearsonsCorrelation().correlation(x, y));
    }
}
