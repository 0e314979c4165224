package dev.rlcm.train;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.apache.commons.math3.stat.StatUtils;
import org.apache.commons.math3.stat.inference.TestUtils;

/**
 * Tells when a policy has begun to exploit its reward: the reward that is trained on rises while shadow rewards, which are not,
 * fall (Gao et al., 2023, arXiv:2210.10760, call it overoptimisation). Evaluations are of the same prompts and noises, so that
 * they are compared picture by picture.
 *
 * <p>All scores are taken in units of their spread over the pictures of the first evaluation that has any; several shadows are averaged. The
 * highest average of the shadows so far is their peak. An evaluation is healthy if its average is less than {@value
 * #HEALTHY} below the peak. It is suspicious if its average is at least {@value #FALL} below the peak, a small effect by Cohen's
 * convention, and both that fall and the trained reward's rise since the peak have a paired t of at least {@value #T}.
 */
public final class RewardHacking {
    private static final double HEALTHY = 0.1;
    private static final double FALL = 0.2;
    private static final double T = 3;

    private RewardHacking() {}

    /**
     * The scores of one evaluation, in the order of the pictures; NaN for one that could not be scored.
     *
     * @param epoch how many epochs were done
     * @param trained what is trained on
     * @param shadows by name, what is not; the same names in all evaluations
     */
    public record Evaluation(int epoch, double[] trained, Map<String, double[]> shadows) {
        public Evaluation {
            shadows = Collections.unmodifiableMap(new LinkedHashMap<>(shadows));
            for (Map.Entry<String, double[]> shadow : shadows.entrySet()) {
                if (shadow.getValue().length != trained.length) {
                    throw new IllegalArgumentException("shadow \"" + shadow.getKey() + "\" has "
                            + shadow.getValue().length + " scores, the trained reward has " + trained.length);
                }
            }
        }

        /** The mean of what is trained on; NaN if nothing could be scored. */
        public double reward() {
            return mean(trained);
        }
    }

    /**
     * Why a run is suspicious.
     *
     * @param partedAt epochs done at the last healthy evaluation
     * @param noticedAt epochs done at the first suspicious one
     * @param rise of the trained reward from the shadows' peak to there, in spreads
     * @param fall of the shadows in between, in spreads, positive
     */
    public record Suspicion(int partedAt, int noticedAt, double rise, double fall) {}

    /** Whether the last evaluation's shadows are about as high as they ever were; true without shadows. */
    public static boolean isHealthy(List<Evaluation> course) {
        double[] shadows = shadows(course);
        return shadows.length == 0 || isHealthy(shadows, shadows.length - 1);
    }

    private static boolean isHealthy(double[] shadows, int index) {
        return !(shadows[index] <= shadows[peak(shadows, index)] - HEALTHY);
    }

    /**
     * The first suspicion in the course of a run, if there is any.
     *
     * @param course the evaluations in their order, the first before training, all of the same pictures
     */
    public static Optional<Suspicion> suspicion(List<Evaluation> course) {
        double[] shadows = shadows(course);
        for (int i = 1; i < shadows.length; i++) {
            int peak = peak(shadows, i);
            Change fall = Change.of(shadow(course, peak), shadow(course, i));
            Change rise = Change.of(trained(course, peak), trained(course, i));
            if (fall.mean <= -FALL && fall.t <= -T && rise.t >= T) {
                int parted = IntStream.iterate(i - 1, k -> k - 1)
                        .filter(k -> k == peak || isHealthy(shadows, k))
                        .findFirst()
                        .orElse(peak);
                return Optional.of(new Suspicion(course.get(parted).epoch, course.get(i).epoch, rise.mean, -fall.mean));
            }
        }
        return Optional.empty();
    }

    /** The mean over pictures and shadows at every evaluation; empty without shadows. */
    private static double[] shadows(List<Evaluation> course) {
        return course.isEmpty() || course.get(0).shadows.isEmpty()
                ? new double[0]
                : IntStream.range(0, course.size())
                        .mapToDouble(i -> mean(shadow(course, i)))
                        .toArray();
    }

    private static int peak(double[] shadows, int last) {
        return IntStream.rangeClosed(0, last)
                .reduce((best, i) -> Double.isNaN(shadows[best]) || shadows[i] > shadows[best] ? i : best)
                .orElseThrow();
    }

    private static double[] trained(List<Evaluation> course, int index) {
        return scaled(course.get(index).trained, firstKnown(course, Evaluation::trained));
    }

    /** The mean over the shadows, by picture. */
    private static double[] shadow(List<Evaluation> course, int index) {
        Map<String, double[]> shadows = course.get(index).shadows;
        double[] sum = new double[course.get(index).trained.length];
        shadows.forEach((name, scores) -> {
            double[] scaled = scaled(scores, firstKnown(course, evaluation -> evaluation.shadows.get(name)));
            Arrays.setAll(sum, i -> sum[i] + scaled[i] / shadows.size());
        });
        return sum;
    }

    /** The scores of the first evaluation that has any; those of the first one if none has. */
    private static double[] firstKnown(List<Evaluation> course, Function<Evaluation, double[]> scores) {
        return course.stream()
                .map(scores)
                .filter(each -> Arrays.stream(each).anyMatch(Double::isFinite))
                .findFirst()
                .orElseGet(() -> scores.apply(course.get(0)));
    }

    private static double[] scaled(double[] scores, double[] reference) {
        double[] known = Arrays.stream(reference).filter(Double::isFinite).toArray();
        double mean = StatUtils.mean(known);
        double spread = Math.sqrt(StatUtils.populationVariance(known));
        double unit = spread > 0 ? spread : 1;
        return Arrays.stream(scores).map(score -> (score - mean) / unit).toArray();
    }

    private static double mean(double[] scores) {
        return Arrays.stream(scores).filter(Double::isFinite).average().orElse(Double.NaN);
    }

    /**
     * Of the pictures that have both scores.
     *
     * @param t paired, 0 if there are too few
     */
    private record Change(double mean, double t) {
        static Change of(double[] before, double[] after) {
            int[] both = IntStream.range(0, before.length)
                    .filter(i -> Double.isFinite(before[i]) && Double.isFinite(after[i]))
                    .toArray();
            double[] x = IntStream.of(both).mapToDouble(i -> after[i]).toArray();
            double[] y = IntStream.of(both).mapToDouble(i -> before[i]).toArray();
            return both.length < 2
                    ? new Change(0, 0)
                    : new Change(StatUtils.meanDifference(x, y), TestUtils.pairedT(x, y));
        }
    }
}
