package dev.rlcm.ppo;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;

/** Collects what an {@link UpdateReport} tells. */
final class UpdateStatistics {
    private final ClipRange clipRange;
    private final SummaryStatistics losses = new SummaryStatistics();
    private final Map<String, SummaryStatistics> parts = new LinkedHashMap<>();
    private final SummaryStatistics ratios = new SummaryStatistics();
    private final SummaryStatistics squaredLogRatios = new SummaryStatistics();
    private final SummaryStatistics gradNorms = new SummaryStatistics();
    private int low;
    private int high;
    private int skipped;
    private double initialRatioError;

    UpdateStatistics(ClipRange clipRange) {
        this.clipRange = clipRange;
    }

    void transition(double logProb, double oldLogProb) {
        double logRatio = logProb - oldLogProb;
        double ratio = Math.exp(logRatio);
        ratios.addValue(ratio);
        squaredLogRatios.addValue(logRatio * logRatio);
        low += ratio < 1 - clipRange.below() ? 1 : 0;
        high += ratio > 1 + clipRange.above() ? 1 : 0;
        if (gradNorms.getN() == 0 && skipped == 0) {
            initialRatioError = Math.max(initialRatioError, Math.abs(ratio - 1));
        }
    }

    /** @param partMeans over the step's transitions, by name */
    void step(double loss, double gradNorm, Map<String, Double> partMeans) {
        losses.addValue(loss);
        gradNorms.addValue(gradNorm);
        partMeans.forEach((name, mean) ->
                parts.computeIfAbsent(name, key -> new SummaryStatistics()).addValue(mean));
    }

    /** @param partMeans by name, so that the report has all names even if no step is applied */
    void skip(Map<String, Double> partMeans) {
        skipped++;
        partMeans.keySet().forEach(name -> parts.computeIfAbsent(name, key -> new SummaryStatistics()));
    }

    double initialRatioError() {
        return initialRatioError;
    }

    /** Mean of (log r)^2 / 2: Schulman's k2, <a href="http://joschu.net/blog/kl-approx.html">KL approximation</a>. */
    double approxKl() {
        return squaredLogRatios.getMean() / 2;
    }

    UpdateReport report(
            double learningRate, double lossScale, boolean stoppedEarly, long networkNanos, long totalNanos) {
        double count = Math.max(1, ratios.getN());
        Map<String, Double> partMeans = new LinkedHashMap<>();
        parts.forEach((name, values) -> partMeans.put(name, values.getMean()));
        return new UpdateReport(
                new UpdateReport.Losses(losses.getMean(), partMeans),
                new UpdateReport.Ratios(
                        ratios.getMean(),
                        Math.sqrt(ratios.getPopulationVariance()),
                        initialRatioError,
                        approxKl(),
                        low / count,
                        high / count),
                new UpdateReport.Steps(
                        (int) gradNorms.getN(), skipped, stoppedEarly, gradNorms.getMean(), learningRate, lossScale),
                new UpdateReport.Times(Duration.ofNanos(networkNanos), Duration.ofNanos(totalNanos)));
    }
}
