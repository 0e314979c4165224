package dev.rlcm.reward;

import java.util.List;
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
    /** Of the samples that have both. */
    static ComponentStatistics of(List<Score> scores, List<Score> totals) {
        int[] scored = IntStream.range(0, scores.size())
                .filter(i -> scores.get(i) instanceof Score.Value && totals.get(i) instanceof Score.Value)
                .toArray();
        double[] x = Score.numbers(IntStream.of(scored).mapToObj(scores::get).toList());
        double[] y = Score.numbers(IntStream.of(scored).mapToObj(totals::get).toList());
        return new ComponentStatistics(
                StatUtils.mean(x),
                Math.sqrt(StatUtils.populationVariance(x)),
                x.length < 2 ? Double.NaN : new PearsonsCorrelation().correlation(x, y));
    }
}
