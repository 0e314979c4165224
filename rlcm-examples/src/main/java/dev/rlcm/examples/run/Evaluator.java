package dev.rlcm.examples.run;

import dev.rlcm.check.Check;
import dev.rlcm.examples.options.Task;
import dev.rlcm.examples.report.ImageGrid;
import dev.rlcm.examples.report.Tile;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.RolloutRequest;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.ComponentStatistics;
import dev.rlcm.reward.Prompt;
import dev.rlcm.reward.RewardFailure;
import dev.rlcm.reward.RewardFunction;
import dev.rlcm.reward.RewardMix;
import dev.rlcm.reward.RewardScores;
import dev.rlcm.reward.Sample;
import dev.rlcm.reward.Score;
import dev.rlcm.train.PromptSource;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Draws and measures the same prompts and noises, whenever it is asked. */
public final class Evaluator {
    /** How many pictures are measured unless it is said otherwise. */
    public static final int EVALUATED = 64;

    private static final long STOP_POLL_MILLIS = 200;

    /** How many of them are shown. */
    private static final int SHOWN = 8;

    private final ConsistencyPolicy policy;
    private final RewardFunction reward;
    private final Map<String, RewardFunction> shadows;
    private final Task.Measure measure;
    private final RandomStreams random;
    private final List<Prompt> prompts;
    private @Nullable Map<String, ComponentStatistics> scale;

    /** @param shadows what is evaluated besides, by name */
    public Evaluator(
            ConsistencyPolicy policy,
            RewardFunction reward,
            Map<String, RewardFunction> shadows,
            Task.Measure measure,
            PromptSource prompts,
            long seed) {
        this(policy, reward, shadows, measure, prompts, EVALUATED, seed);
    }

    /**
     * The same of fewer or more pictures.
     *
     * @param count how many are measured, at least as many as are shown, 8
     */
    public Evaluator(
            ConsistencyPolicy policy,
            RewardFunction reward,
            Map<String, RewardFunction> shadows,
            Task.Measure measure,
            PromptSource prompts,
            int count,
            long seed) {
        Check.atLeast(SHOWN, "count", count);
        this.policy = policy;
        this.reward = reward.checked();
        this.shadows = shadows;
        this.measure = measure;
        this.random = RandomStreams.seeded(seed).at("evaluation");
        this.prompts = prompts.draw(0, count, random);
    }

    /** The pictures that are shown, as the policy draws them now. */
    List<Sample> shown() {
        return samples(prompts.subList(0, SHOWN));
    }

    /**
     * All pictures, as the policy draws them now, and what is measured of each. A mix is on the scale of the first evaluation, so
     * that later ones can be compared with it.
     */
    public Evaluation evaluate() {
        return evaluation(samples(prompts));
    }

    /**
     * The same for a run that may be stopped meanwhile: an evaluation whose rewards wait for something that is away is then given
     * up.
     *
     * @param stopping whether the run is to end
     * @return nothing if it was given up
     */
    Optional<Evaluation> evaluate(BooleanSupplier stopping) throws InterruptedException {
        List<Sample> samples = samples(prompts);
        FutureTask<Evaluation> evaluation = new FutureTask<>(() -> evaluation(samples));
        Thread thread = new Thread(evaluation, "evaluation");
        thread.setDaemon(true);
        thread.start();
        try {
            while (!(stopping.getAsBoolean() && isPaused())) {
                try {
                    return Optional.of(evaluation.get(STOP_POLL_MILLIS, TimeUnit.MILLISECONDS));
                } catch (TimeoutException e) {
                    continue;
                }
            }
            return Optional.empty();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw e.getCause() instanceof RuntimeException failure ? failure : new IllegalStateException(e.getCause());
        } finally {
            evaluation.cancel(true);
        }
    }

    private boolean isPaused() {
        return reward.isPaused() || shadows.values().stream().anyMatch(RewardFunction::isPaused);
    }

    private Evaluation evaluation(List<Sample> samples) {
        Map<String, double[]> components = new LinkedHashMap<>();
        List<Score> scores;
        if (reward instanceof RewardMix mix) {
            RewardScores parts = mix.scores(samples, RewardFailure.FAIL);
            if (scale == null) {
                scale = parts.statistics();
            }
            parts.components().forEach((name, each) -> components.put(name, numbers(each)));
            scores = mix.sums(parts.components(), scale);
        } else {
            scores = reward.attempt(samples, RewardFailure.FAIL);
        }
        double[] measured = numbers(scores);
        Arrays.setAll(measured, i -> measure.sign() * measured[i]);
        Map<String, double[]> watched = new LinkedHashMap<>();
        shadows.forEach(
                (name, shadow) -> watched.put(name, numbers(shadow.checked().attempt(samples, RewardFailure.FAIL))));
        return new Evaluation(samples, measured, components, watched, measure);
    }

    /** NaN for a picture without a score. */
    private static double[] numbers(List<Score> scores) {
        return scores.stream()
                .mapToDouble(score -> score instanceof Score.Value known ? known.value() : Double.NaN)
                .toArray();
    }

    private List<Sample> samples(List<Prompt> of) {
        return policy.rollout(RolloutRequest.of(of, random.at("noise"))).samples();
    }

    /**
     * Pictures of the fixed prompts and noises.
     *
     * @param measured of each; NaN where there is no score, here and below
     * @param components of a mix, by name, each in its unit
     * @param shadows by name
     * @param measure what is measured
     */
    public record Evaluation(
            List<Sample> samples,
            double[] measured,
            Map<String, double[]> components,
            Map<String, double[]> shadows,
            Task.Measure measure) {
        /** Of the pictures that have a score. */
        public static double mean(double[] scores) {
            return Arrays.stream(scores).filter(Double::isFinite).average().orElse(Double.NaN);
        }

        /** What is trained on, of each picture: higher is better. */
        double[] rewards() {
            return Arrays.stream(measured).map(each -> measure.sign() * each).toArray();
        }

        public double mean() {
            return mean(measured);
        }

        /** What the task rewards, on average. */
        public double reward() {
            return measure.sign() * mean();
        }

        /** The first of them, to be looked at. */
        public List<Sample> shown() {
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
