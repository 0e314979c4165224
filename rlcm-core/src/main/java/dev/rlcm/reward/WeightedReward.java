package dev.rlcm.reward;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A weighted sum of rewards: sum over terms of weight x score, added in the order the terms were given so that equal
 * inputs give equal bits. Immutable; as thread-safe as its terms, which it does not own.
 */
public final class WeightedReward implements RewardFunction {
    private final List<Term> terms;

    private WeightedReward(List<Term> terms) {
        this.terms = terms;
    }

    static WeightedReward of(double weight, RewardFunction reward) {
        return new WeightedReward(List.of(new Term(weight, reward)));
    }

    /**
     * The sum of this and one more term.
     *
     * @throws IllegalArgumentException if the weight is not finite
     */
    public WeightedReward and(double weight, RewardFunction reward) {
        List<Term> more = new ArrayList<>(terms);
        more.add(new Term(weight, reward));
        return new WeightedReward(List.copyOf(more));
    }

    /**
     * {@inheritDoc}
     *
     * @throws RewardException if a term breaks its contract, naming that term
     */
    @Override
    public double[] score(List<Sample> samples) {
        double[] sum = new double[samples.size()];
        for (Term term : terms) {
            double[] scores = CheckedReward.score(term.reward, samples);
            for (int i = 0; i < sum.length; i++) {
                sum[i] += term.weight * scores[i];
            }
        }
        return sum;
    }

    @Override
    public RewardScope scope() {
        return terms.stream().map(term -> term.reward.scope()).reduce(RewardScope.SAMPLE, RewardScope::and);
    }

    /** A picture that a term could not score has no sum. */
    @Override
    public List<Score> attempt(List<Sample> samples, RewardFailure policy) {
        List<Score> sums = Score.values(new double[samples.size()]);
        for (Term term : terms) {
            List<Score> scores = CheckedReward.attempt(term.reward, samples, policy);
            List<Score> soFar = sums;
            sums = IntStream.range(0, samples.size())
                    .mapToObj(i -> term.addedTo(soFar.get(i), scores.get(i)))
                    .toList();
        }
        return sums;
    }

    @Override
    public boolean isPaused() {
        return terms.stream().anyMatch(term -> term.reward.isPaused());
    }

    /** For example {@code 0.7 JpegCompressibility + 0.3 AestheticScore}. */
    @Override
    public String name() {
        return terms.stream().map(Term::toString).collect(Collectors.joining(" + "));
    }

    @Override
    public String toString() {
        return name();
    }

    private record Term(double weight, RewardFunction reward) {
        Term {
            Objects.requireNonNull(reward, "reward");
            if (!Double.isFinite(weight)) {
                throw new IllegalArgumentException(
                        "the weight of reward \"" + reward.name() + "\" must be finite, got " + weight);
            }
        }

        Score addedTo(Score sum, Score score) {
            if (sum instanceof Score.Missing one) {
                return score instanceof Score.Missing other ? one.and(other) : one;
            }
            return score instanceof Score.Value value
                    ? new Score.Value(((Score.Value) sum).value() + weight * value.value())
                    : score;
        }

        @Override
        public String toString() {
            String inner = reward instanceof WeightedReward sum && sum.terms.size() > 1
                    ? "(" + reward.name() + ")"
                    : reward.name();
            return weight == 1 ? inner : weight + " " + inner;
        }
    }
}
