package dev.rlcm.ppo;

import dev.rlcm.optim.BatchLoss;
import dev.rlcm.optim.GradientDescent;
import java.nio.FloatBuffer;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The loss of rows as {@link GradientDescent} takes it. */
final class EvaluatedLoss implements BatchLoss<Row> {
    private final RowEvaluator evaluator;
    private @Nullable RowGradients current;

    EvaluatedLoss(RowEvaluator evaluator) {
        this.evaluator = evaluator;
    }

    @Override
    public int rows() {
        return evaluator.rows();
    }

    @Override
    public boolean isScaled() {
        return evaluator.isScaled();
    }

    @Override
    public void run(List<Row> batch, double weight, double lossScale) {
        runAll(List.of(batch), weight, lossScale, rows -> {});
    }

    @Override
    public void runAll(List<List<Row>> batches, double weight, double lossScale, Consumer<List<Row>> onBatch) {
        Iterator<List<Row>> each = batches.iterator();
        evaluator.gradients(batches, weight, lossScale, result -> {
            current = result;
            onBatch.accept(each.next());
        });
    }

    /** What the batch came to of which {@link #runAll} tells. */
    RowGradients current() {
        return Objects.requireNonNull(current, "no batch has been run");
    }

    @Override
    public double value() {
        return current().loss();
    }

    @Override
    public Map<String, Double> parts() {
        return current().parts();
    }

    @Override
    public List<FloatBuffer> gradients() {
        return current().gradients();
    }

    @Override
    public long networkNanos() {
        return evaluator.networkNanos();
    }

    @Override
    public void close() {
        evaluator.close();
    }
}
