package dev.rlcm.reward;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.PrimitiveIterator;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * Several rewards as one: sum over terms of weight x score, with every score {@linkplain Standardisation standardised} within
 * the rollout so that none starves, and guards that come before the sum. Equal inputs give equal bits.
 *
 * <pre>{@code
 * RewardFunction both = RewardMix.of(0.5, clip).and(0.5, jpeg).standardised(Standardisation.ROLLOUT).guardedBy(clip, 1.2);
 * }</pre>
 *
 * <p>A guard puts every sample that keeps it above every sample that does not, and orders those by how far they are from it:
 * the sum is maximised while the guards hold. That is the rule of Deb, 2000 ("An efficient constraint handling method for
 * genetic algorithms", eq. 4): a sample that keeps all guards has its sum, another one the least of those sums, or 0 if
 * there is none, minus by how much it misses the guards, each in units of the guard's spread in the rollout.
 *
 * <p>Immutable; as thread-safe as its components, which it does not own.
 */
public final class RewardMix implements RewardFunction {
    private final List<Term> terms;
    private final List<Guard> guards;
    private final Standardisation standardisation;

    private record Term(double weight, RewardFunction reward) {
        Term {
            if (!Double.isFinite(weight)) {
                throw new IllegalArgumentException(
                        "the weight of reward \"" + reward.name() + "\" must be finite, got " + weight);
            }
        }
    }

    private record Guard(RewardFunction reward, double least) {
        Guard {
            if (!Double.isFinite(least)) {
                throw new IllegalArgumentException(
                        "the bound of guard \"" + reward.name() + "\" must be finite, got " + least);
            }
        }
    }

    private RewardMix(List<Term> terms, List<Guard> guards, Standardisation standardisation) {
        this.terms = List.copyOf(terms);
        this.guards = List.copyOf(guards);
        this.standardisation = standardisation;
        var unused = components();
    }

    /** A plain sum of one term so far. */
    public static RewardMix of(double weight, RewardFunction reward) {
        return new RewardMix(List.of(new Term(weight, reward)), List.of(), Standardisation.NONE);
    }

    /**
     * This mix and one more term.
     *
     * @throws IllegalArgumentException if the weight is not finite, or another component has the same name
     */
    public RewardMix and(double weight, RewardFunction reward) {
        return new RewardMix(plus(terms, new Term(weight, reward)), guards, standardisation);
    }

    /** This mix with scores on another scale; guards are in their own units in any case. */
    public RewardMix standardised(Standardisation scale) {
        return new RewardMix(terms, guards, scale);
    }

    /**
     * This mix, maximised while another reward stays at or above a bound.
     *
     * @param reward may be one of the terms; it is then scored once
     * @throws IllegalArgumentException if the bound is not finite, or another component has the same name
     */
    public RewardMix guardedBy(RewardFunction reward, double least) {
        return new RewardMix(terms, plus(guards, new Guard(reward, least)), standardisation);
    }

    private static <T> List<T> plus(List<T> some, T one) {
        List<T> more = new ArrayList<>(some);
        more.add(one);
        return more;
    }

    /** The weight of each term, by the name of its reward; guards have none. */
    public Map<String, Double> weights() {
        Map<String, Double> weights = new LinkedHashMap<>();
        terms.forEach(term -> weights.merge(term.reward.name(), term.weight, Double::sum));
        return Collections.unmodifiableMap(weights);
    }

    /** The scale on which the terms are added. */
    public Standardisation standardisation() {
        return standardisation;
    }

    /** What is scored, by name: the terms, then the guards that are not among them. */
    public Map<String, RewardFunction> components() {
        Map<String, RewardFunction> components = new LinkedHashMap<>();
        terms.forEach(term -> add(term.reward, components));
        guards.forEach(guard -> add(guard.reward, components));
        return Collections.unmodifiableMap(components);
    }

    private static void add(RewardFunction reward, Map<String, RewardFunction> components) {
        RewardFunction other = components.putIfAbsent(reward.name(), reward);
        if (other != null && !other.equals(reward)) {
            throw new IllegalArgumentException("two components of a mix are called \"" + reward.name()
                    + "\"; tell them apart with named(...), or give the same reward for both");
        }
    }

    @Override
    public RewardScope scope() {
        RewardScope own =
                standardisation == Standardisation.NONE && guards.isEmpty() ? RewardScope.SAMPLE : RewardScope.ROLLOUT;
        return components().values().stream().map(RewardFunction::scope).reduce(own, RewardScope::and);
    }

    @Override
    public double[] score(List<Sample> samples) {
        return Score.numbers(attempt(samples, RewardFailure.FAIL));
    }

    @Override
    public List<Score> attempt(List<Sample> samples, RewardFailure policy) {
        return scores(samples, policy).totals();
    }

    /**
     * The totals with what they are made of.
     *
     * @throws RewardException if a component fails whose policy is {@link RewardFailure#FAIL}, naming that component
     */
    public RewardScores scores(List<Sample> samples, RewardFailure policy) {
        Map<String, List<Score>> scores = new LinkedHashMap<>();
        components().forEach((name, component) -> scores.put(name, CheckedReward.attempt(component, samples, policy)));
        return combine(samples, scores);
    }

    @Override
    public boolean isPaused() {
        return components().values().stream().anyMatch(RewardFunction::isPaused);
    }

    /** This mix with a policy for each of its components, in place of the caller's. */
    @Override
    public RewardFunction onFailure(RewardFailure policy) {
        return new RewardMix(
                terms.stream()
                        .map(term -> new Term(term.weight, term.reward.onFailure(policy)))
                        .toList(),
                guards.stream()
                        .map(guard -> new Guard(guard.reward.onFailure(policy), guard.least))
                        .toList(),
                standardisation);
    }

    /** This mix: its components are checked one by one. */
    @Override
    public RewardFunction checked() {
        return this;
    }

    /**
     * The total of each sample. One that lacks a component's score has none, and counts in nobody else's.
     *
     * @param samples of the whole rollout, unless the scope is a narrower one
     * @param scores of each component, in the order of the samples
     */
    RewardScores combine(List<Sample> samples, Map<String, List<Score>> scores) {
        int[] scored = scored(samples.size(), scores);
        Map<String, double[]> numbers = new LinkedHashMap<>();
        scores.forEach((name, each) -> numbers.put(name, Score.numbers(select(each, scored))));
        List<Sample> complete = select(samples, scored);
        double[] totals = totals(complete, numbers);
        Map<String, ComponentStatistics> statistics = new LinkedHashMap<>();
        numbers.forEach((name, each) ->
                statistics.put(name, ComponentStatistics.of(each, standardisation.apply(each, complete), totals)));
        return new RewardScores(scattered(totals, samples.size(), scores), scores, statistics);
    }

    /**
     * The sums without the guards, on a scale that is the same for all rollouts, so that they can be compared: of a standardised
     * mix, sum over terms of weight x (score - mean) / std with means and stds of a rollout chosen for reference.
     *
     * @param scores of the components
     * @param reference {@link RewardScores#statistics()} of that rollout
     */
    public List<Score> sums(Map<String, List<Score>> scores, Map<String, ComponentStatistics> reference) {
        int size = scores.values().iterator().next().size();
        int[] scored = scored(size, scores);
        double[] sums = new double[scored.length];
        for (Term term : terms) {
            double[] values = Score.numbers(select(scores.get(term.reward.name()), scored));
            ComponentStatistics statistics = reference.get(term.reward.name());
            boolean plain = standardisation == Standardisation.NONE;
            double mean = plain ? 0 : statistics.mean();
            double unit = plain || statistics.std() == 0 ? 1 : statistics.std();
            Arrays.setAll(sums, i -> sums[i] + term.weight * (values[i] - mean) / unit);
        }
        return scattered(sums, size, scores);
    }

    private static int[] scored(int samples, Map<String, List<Score>> scores) {
        return IntStream.range(0, samples)
                .filter(i -> missing(i, scores).isEmpty())
                .toArray();
    }

    /** The totals of the samples that have one, in their places. */
    private static List<Score> scattered(double[] totals, int samples, Map<String, List<Score>> scores) {
        PrimitiveIterator.OfDouble next = DoubleStream.of(totals).iterator();
        return IntStream.range(0, samples)
                .mapToObj(i ->
                        missing(i, scores).<Score>map(gone -> gone).orElseGet(() -> new Score.Value(next.nextDouble())))
                .toList();
    }

    /** Why a sample has no total, if it has none. */
    private static Optional<Score.Missing> missing(int sample, Map<String, List<Score>> scores) {
        return scores.values().stream()
                .map(each -> each.get(sample))
                .filter(Score.Missing.class::isInstance)
                .map(Score.Missing.class::cast)
                .reduce(Score.Missing::and);
    }

    private static <T> List<T> select(List<T> all, int[] positions) {
        return IntStream.of(positions).mapToObj(all::get).toList();
    }

    private double[] totals(List<Sample> samples, Map<String, double[]> scores) {
        double[] totals = new double[samples.size()];
        for (Term term : terms) {
            double[] values = standardisation.apply(scores.get(term.reward.name()), samples);
            Arrays.setAll(totals, i -> totals[i] + term.weight * values[i]);
        }
        return guards.isEmpty() ? totals : guarded(totals, violations(scores, totals.length));
    }

    /** By how much each sample misses the guards; 0 if it keeps them. */
    private double[] violations(Map<String, double[]> scores, int samples) {
        double[] violations = new double[samples];
        for (Guard guard : guards) {
            double[] values = scores.get(guard.reward.name());
            double spread = Standardisation.spread(values);
            double unit = spread == 0 ? 1 : spread;
            Arrays.setAll(violations, i -> violations[i] + Math.max(0, guard.least - values[i]) / unit);
        }
        return violations;
    }

    private static double[] guarded(double[] totals, double[] violations) {
        double worstKept = IntStream.range(0, totals.length)
                .filter(i -> violations[i] == 0)
                .mapToDouble(i -> totals[i])
                .min()
                .orElse(0);
        return IntStream.range(0, totals.length)
                .mapToDouble(i -> violations[i] == 0 ? totals[i] : worstKept - violations[i])
                .toArray();
    }

    /** For example {@code 0.7 clipscore + 0.3 aesthetic, standardised by rollout, while clipscore >= 1.2}. */
    @Override
    public String name() {
        String sum = terms.stream()
                .map(term -> (term.weight == 1 ? "" : ShapedReward.number(term.weight) + " ") + term.reward.name())
                .collect(Collectors.joining(" + "));
        String scale = standardisation == Standardisation.NONE
                ? ""
                : ", standardised by " + standardisation.name().toLowerCase(Locale.ROOT);
        return sum
                + scale
                + guards.stream()
                        .map(guard -> guard.reward.name() + " >= " + ShapedReward.number(guard.least))
                        .collect(Collectors.joining(" and ", guards.isEmpty() ? "" : ", while ", ""));
    }

    @Override
    public String toString() {
        return name();
    }
}
