package dev.rlcm.reward;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.commons.math3.stat.StatUtils;
import org.apache.commons.math3.util.MathArrays;

/**
 * How the components of a {@link RewardMix} are brought to one scale. With a plain sum the component that varies most in a
 * rollout decides who gets an advantage, whatever the weights were meant to say, and the others starve.
 */
public enum Standardisation {
    /** As they are: weights are in one over the component's unit. */
    NONE {
        @Override
        double[] apply(double[] scores, List<Sample> samples) {
            return scores;
        }
    },

    /** (score - mean) / std over the rollout. Population std. */
    ROLLOUT {
        @Override
        double[] apply(double[] scores, List<Sample> samples) {
            double mean = StatUtils.mean(scores);
            return bySpread(Arrays.stream(scores).map(score -> score - mean).toArray(), scores);
        }
    },

    /**
     * (score - mean of the prompt's samples) / the root mean square of these differences over the rollout: the scale on which
     * samples of a prompt are compared, where differences between prompts do not count. For rollouts with several samples of
     * each prompt, see {@code AdvantageEstimator.withinPrompt}; one alone gets 0.
     */
    PROMPT {
        @Override
        double[] apply(double[] scores, List<Sample> samples) {
            double[] differences = new double[scores.length];
            for (int[] group : SampleGroups.byPrompt(samples)) {
                double[] ofPrompt =
                        IntStream.of(group).mapToDouble(i -> scores[i]).toArray();
                double mean = StatUtils.mean(ofPrompt);
                IntStream.of(group).forEach(i -> differences[i] = scores[i] - mean);
            }
            return bySpread(differences, scores);
        }
    };

    /** What differs by less than this share of its size differs by rounding. */
    private static final double ROUNDING = 1e-12;

    /** One number per sample, in a new array or the given one. */
    abstract double[] apply(double[] scores, List<Sample> samples);

    private static double[] bySpread(double[] differences, double[] scores) {
        double spread = rootMeanSquare(differences);
        double scale = spread > ROUNDING * rootMeanSquare(scores) ? 1 / spread : 0;
        return MathArrays.scale(scale, differences);
    }

    /** Population standard deviation; 0 if the scores differ by rounding only. */
    static double spread(double[] scores) {
        double spread = Math.sqrt(StatUtils.populationVariance(scores));
        return spread > ROUNDING * rootMeanSquare(scores) ? spread : 0;
    }

    private static double rootMeanSquare(double[] values) {
        return Math.sqrt(StatUtils.sumSq(values) / values.length);
    }
}
