package dev.rlcm.ppo;

import dev.rlcm.policy.Policy;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Evaluates rows by graphs for the policy's backend, each compiled when it is first needed. */
final class CompiledRows implements RowEvaluator {
    private final Policy policy;
    private final PpoConfig config;
    private final Objective objective;
    private @Nullable LossGraph loss;
    private @Nullable RowValues scores;
    private @Nullable RowValues means;

    CompiledRows(Policy policy, PpoConfig config, Objective objective) {
        this.policy = policy;
        this.config = config;
        this.objective = objective;
    }

    /** No more than an optimiser step has. */
    @Override
    public int rows() {
        int trajectories = Math.max(config.trajectoriesPerStep(), objective.unitSize());
        return Math.min(config.minibatch(), trajectories * objective.source().count(policy.schedule()));
    }

    @Override
    public boolean isScaled() {
        return loss().isScaled();
    }

    @Override
    public boolean usesOldMeans() {
        return loss().usesOldMeans();
    }

    @Override
    public void gradients(
            List<List<Row>> minibatches, double weight, double lossScale, Consumer<RowGradients> onMinibatch) {
        LossGraph graph = loss();
        graph.runAll(
                minibatches,
                weight,
                lossScale,
                rows -> onMinibatch.accept(new RowGradients(
                        graph.value(),
                        graph.parts(),
                        IntStream.range(0, rows.size())
                                .mapToDouble(graph::logProb)
                                .toArray(),
                        graph.gradients())));
    }

    @Override
    public double[] scores(List<Row> rows) {
        RowValues current = scores;
        if (current == null) {
            PairLoss pairs = objective.pairLoss();
            if (pairs == null) {
                throw new IllegalStateException("this objective is not one of pairs, so that rows have no scores");
            }
            current = new RowValues(policy, config.clipRange(), rows(), pairs::score);
            scores = current;
        }
        return current.numbers(rows);
    }

    @Override
    public List<float[]> means(List<Row> rows) {
        RowValues current = means;
        if (current == null) {
            current = new RowValues(
                    policy, config.clipRange(), rows(), terms -> terms.policy().mean());
            means = current;
        }
        return current.of(rows);
    }

    private LossGraph loss() {
        LossGraph current = loss;
        if (current == null) {
            boolean withLogProbs = objective.source().logProbs() != RowSource.LogProbs.NONE;
            current = new LossGraph(policy, objective.rowLoss(), config.clipRange(), rows(), withLogProbs);
            loss = current;
        }
        return current;
    }

    @Override
    public long networkNanos() {
        LossGraph compiled = loss;
        return (compiled == null ? 0 : compiled.networkNanos())
                + forwards().mapToLong(RowValues::networkNanos).sum();
    }

    @Override
    public void close() {
        LossGraph compiled = loss;
        if (compiled != null) {
            compiled.close();
        }
        forwards().forEach(RowValues::close);
        loss = null;
        scores = null;
        means = null;
    }

    private Stream<RowValues> forwards() {
        return Stream.of(Optional.ofNullable(scores), Optional.ofNullable(means))
                .flatMap(Optional::stream);
    }
}
