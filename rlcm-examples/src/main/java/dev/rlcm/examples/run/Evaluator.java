package dev.rlcm.examples.run;

import dev.rlcm.examples.options.Reward;
import dev.rlcm.examples.report.ImageGrid;
import dev.rlcm.examples.report.Tile;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.reward.Sample;
import dev.rlcm.train.Prompts;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.apache.commons.math3.stat.StatUtils;

/** Draws and measures the same prompts and noises, whenever it is asked. */
public final class Evaluator {
    /** How many pictures are measured. */
    public static final int EVALUATED = 64;

    /** How many of them are shown. */
    private static final int SHOWN = 8;

    private final ConsistencyPolicy policy;
    private final RewardFunction reward;
    private final Reward.Measure measure;
    private final RandomStreams random;
    private final List<String> prompts;

    public Evaluator(
            ConsistencyPolicy policy, RewardFunction reward, Reward.Measure measure, Prompts prompts, long seed) {
        this.policy = policy;
        this.reward = reward.checked();
        this.measure = measure;
        this.random = RandomStreams.seeded(seed).at("evaluation");
        this.prompts = prompts.draw(EVALUATED, random);
    }

    /** The pictures that are shown, as the policy draws them now. */
    List<Sample> shown() {
        return samples(prompts.subList(0, SHOWN));
    }

    /** All pictures, as the policy draws them now, and what the task measures of each. */
    public Evaluation evaluate() {
        List<Sample> samples = samples(prompts);
        double[] measured = reward.score(samples);
        Arrays.setAll(measured, i -> measure.sign() * measured[i]);
        return new Evaluation(samples, measured, measure);
    }

    private List<Sample> samples(List<String> of) {
        return policy.rollout(of, random.at("noise")).samples();
    }

    /**
     * Pictures of the fixed prompts and noises.
     *
     * @param measured of each
     * @param measure what that is
     */
    public record Evaluation(List<Sample> samples, double[] measured, Reward.Measure measure) {
        public double mean() {
            return StatUtils.mean(measured);
        }

        /** What the task rewards, on average. */
        public double reward() {
            return measure.sign() * mean();
        }

        List<Sample> shown() {
            return samples.subList(0, SHOWN);
        }

        /** The shown pictures with what is measured of each. */
        public List<Tile> tiles() {
            return IntStream.range(0, SHOWN)
                    .mapToObj(i -> Tile.of(
                            samples.get(i), String.format(Locale.ROOT, "%.2f%s", measured[i], measure.suffix())))
                    .toList();
        }

        /** A column for each shown prompt, no rows yet: what is to be compared stands one above the other. */
        public ImageGrid emptyGrid() {
            return ImageGrid.of(shown().stream().map(Sample::prompt).toArray(String[]::new))
                    .withScale(2);
        }
    }
}
