package dev.rlcm.ppo;

import dev.rlcm.mdp.Schedule;
import dev.rlcm.policy.Rollout;
import dev.rlcm.reward.DifferentiableReward;
import java.util.List;
import java.util.function.DoubleSupplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What an update minimises: a loss over rows, or over pairs of trajectories, and what the rows are. An algorithm is an objective and
 * an estimator of advantages; everything else about an update is the same for all. Immutable.
 */
public final class Objective {
    private static final PolicyLoss NOTHING = terms -> terms.advantage().mul(0);

    private final RowSource source;
    private final PolicyLoss loss;
    private final @Nullable PairLoss pairLoss;
    private final Pairing pairing;

    private Objective(RowSource source, PolicyLoss loss, @Nullable PairLoss pairLoss, Pairing pairing) {
        this.source = source;
        this.loss = loss;
        this.pairLoss = pairLoss;
        this.pairing = pairing;
    }

    /** The mean of the loss over the rows; rows are the transitions of the rollout unless {@link #on} says otherwise. */
    public static Objective of(PolicyLoss loss) {
        return new Objective(RowSource.transitions(), loss, null, Pairing.neighbours());
    }

    /** The mean of the loss over pairs of trajectories. */
    public static Objective pairs(PairLoss loss, Pairing pairing) {
        return new Objective(RowSource.transitions(), NOTHING, loss, pairing);
    }

    /**
     * The deterministic policy gradient: the reward itself, through the decoder and the last K steps of the trajectories, whose
     * noise is a constant. One row for a trajectory, from x_{N-K}; the steps before it and the advantages are not used. Clark et al.,
     * 2023, arXiv:2309.17400 (DRaFT-K, section 3); Prabhudesai et al., 2023, arXiv:2310.03739 (AlignProp); mentioned by Oertell et
     * al., 2024, section 2, as what a black-box reward rules out. Reports the mean reward as {@code reward}. A row takes the memory
     * of K evaluations, the decoder and the reward, so minibatches should be small.
     *
     * @param schedule of the policy
     * @param steps K, in [1, N]; 1 is the cheapest, and for a consistency model every step predicts the whole picture
     */
    public static Objective directReward(DifferentiableReward reward, Schedule schedule, int steps) {
        return directReward(reward, schedule, steps, StepNoise.fresh());
    }

    /** The same with noise of one's own, to replay a recorded run. */
    public static Objective directReward(DifferentiableReward reward, Schedule schedule, int steps, StepNoise noise) {
        return of(new DirectReward(reward, schedule, steps, noise)).on(RowSource.lastSteps(schedule, steps));
    }

    /** The same on rows of another kind. */
    public Objective on(RowSource newSource) {
        return new Objective(newSource, loss, pairLoss, pairing);
    }

    /**
     * This + weight x the mean of another loss over the same rows. Where this compares pairs, the other loss must not read {@link
     * PolicyTerms#advantage}, in whose place the slopes of the pairs stand.
     */
    public Objective plus(double weight, PolicyLoss other) {
        return new Objective(source, loss.plus(weight, other), pairLoss, pairing);
    }

    /** The same with a weight that may change, see {@link PolicyLoss#plus(DoubleSupplier, PolicyLoss)}. */
    public Objective plus(DoubleSupplier weight, PolicyLoss other) {
        return new Objective(source, loss.plus(weight, other), pairLoss, pairing);
    }

    RowSource source() {
        return source;
    }

    @Nullable
    PairLoss pairLoss() {
        return pairLoss;
    }

    /** The loss of a row as the graph computes it. A row of a pair has its pair's slope in the place of its advantage. */
    PolicyLoss rowLoss() {
        PairLoss pairs = pairLoss;
        return pairs == null
                ? loss
                : terms -> pairs.score(terms).mul(terms.advantage()).add(loss.of(terms));
    }

    /**
     * What an optimiser step does not split: single trajectories or pairs, by their indices.
     *
     * @throws IllegalArgumentException if a pair is not of this rollout, or there is none
     */
    List<int[]> units(Rollout rollout, double[] advantages) {
        if (pairLoss == null) {
            return IntStream.range(0, rollout.size())
                    .mapToObj(i -> new int[] {i})
                    .toList();
        }
        List<Pairing.Pair> pairs = pairing.pairs(rollout.prompts(), advantages);
        if (pairs.isEmpty()) {
            throw new IllegalArgumentException(
                    "no two trajectories can be compared; sample every prompt at least twice,"
                            + " and see that their rewards differ, got the prompts " + rollout.prompts());
        }
        for (Pairing.Pair pair : pairs) {
            if (pair.first() >= rollout.size() || pair.second() >= rollout.size()) {
                throw new IllegalArgumentException(
                        "pairs must be of trajectories in [0, " + rollout.size() + "), got " + pair);
            }
        }
        return pairs.stream()
                .map(pair -> new int[] {pair.first(), pair.second()})
                .toList();
    }

    /** How many trajectories a unit has. */
    int unitSize() {
        return pairLoss == null ? 1 : 2;
    }

    /**
     * The rows of an optimiser step, ready for the graph of {@link #rowLoss}.
     *
     * @param offset the objective's value minus the mean of the row losses
     */
    record StepRows(List<Row> rows, double offset) {}

    /**
     * Gives the rows of pairs their slopes.
     *
     * @param units for each unit, the rows of each of its trajectories
     * @param scores evaluates {@link PairLoss#score} of rows with the present weights, in their order
     */
    StepRows rows(List<List<List<Row>>> units, Scores scores) {
        List<Row> rows =
                units.stream().flatMap(List::stream).flatMap(List::stream).toList();
        return pairLoss == null ? new StepRows(rows, 0) : weighed(pairLoss, units, rows, scores.of(rows));
    }

    private static StepRows weighed(PairLoss loss, List<List<List<Row>>> units, List<Row> rows, double[] scores) {
        Row[] weighed = new Row[rows.size()];
        double total = 0;
        double surrogate = 0;
        int next = 0;
        for (List<List<Row>> pair : units) {
            int second = next + pair.get(0).size();
            int end = second + pair.get(1).size();
            double margin = sum(scores, next, second) - sum(scores, second, end);
            double difference = rows.get(next).advantage() - rows.get(second).advantage();
            double slope = loss.slope(margin, difference) * rows.size(); // the optimiser divides by it
            total += loss.loss(margin, difference);
            surrogate += slope / rows.size() * margin;
            for (int i = next; i < end; i++) {
                weighed[i] = rows.get(i).withAdvantage((i < second ? slope : -slope) / units.size());
            }
            next = end;
        }
        return new StepRows(List.of(weighed), (total - surrogate) / units.size());
    }

    private static double sum(double[] values, int from, int to) {
        return IntStream.range(from, to).mapToDouble(i -> values[i]).sum();
    }

    /** See {@link #rows}. */
    @FunctionalInterface
    interface Scores {
        double[] of(List<Row> rows);
    }
}
