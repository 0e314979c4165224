package dev.rlcm.optim;

import dev.rlcm.graph.TensorData;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Optimiser steps over rows of any kind: cuts them into chunks that a {@link BatchLoss} takes, adds up the gradients, clips
 * their norm, and lets the optimiser step, unless something is not finite. Not thread-safe; owns nothing native.
 */
public final class GradientDescent {
    private static final Logger log = LoggerFactory.getLogger(GradientDescent.class);

    private final Optimizer optimizer;
    private final LossScaler scaler;
    private final double maxGradNorm;
    private final GradientSum sum;

    /**
     * Steps from the optimiser's present state.
     *
     * @param parameters those of the optimiser, in its order; only their sizes are read
     * @param maxGradNorm the bound on the norm of the gradient of a step, positive
     */
    public GradientDescent(
            List<FloatBuffer> parameters, Optimizer optimizer, double maxGradNorm, LossScaling lossScaling) {
        this.optimizer = optimizer;
        this.scaler = new LossScaler(lossScaling);
        this.maxGradNorm = maxGradNorm;
        this.sum = new GradientSum(parameters);
    }

    /**
     * What a step did.
     *
     * @param applied whether everything was finite
     * @param parts means over the rows of what the loss reports
     * @param gradients the mean gradient, clipped; live until the next step
     */
    public record Outcome(
            boolean applied, double loss, Map<String, Double> parts, double gradNorm, List<FloatBuffer> gradients) {
        /** The same with a number added to the loss. */
        public Outcome plus(double offset) {
            return new Outcome(applied, loss + offset, parts, gradNorm, gradients);
        }
    }

    /**
     * One step on the mean loss of the rows.
     *
     * @param rateFactor on the learning rate, see {@link Optimizer#step(List, double)}
     * @param onChunk told of every chunk when its results can be read from the loss
     */
    public <R> Outcome step(BatchLoss<R> loss, List<R> rows, double rateFactor, Consumer<List<R>> onChunk) {
        sum.clear();
        double scale = scale(loss);
        Totals totals = new Totals();
        loss.runAll(chunks(rows, loss.rows()), 1.0 / rows.size(), scale, chunk -> {
            totals.add(loss);
            onChunk.accept(chunk);
            sum.add(loss.gradients(), (float) (1 / scale));
        });
        double total = totals.loss;
        double norm = GradientClipping.globalNorm(sum.sums(), maxGradNorm);
        boolean finite = Double.isFinite(total) && Double.isFinite(norm);
        if (finite) {
            optimizer.step(sum.sums(), rateFactor);
        } else {
            log.warn("Skipped an optimiser step: loss {} and gradient norm {} must be finite", total, norm);
        }
        if (loss.isScaled()) {
            adaptScale(finite, Double.isFinite(total));
        }
        return new Outcome(finite, total, totals.parts, norm, sum.sums());
    }

    /** Sums over the chunks of a step. */
    private static final class Totals {
        private final Map<String, Double> parts = new LinkedHashMap<>();
        private double loss;

        void add(BatchLoss<?> chunk) {
            loss += chunk.value();
            chunk.parts().forEach((name, value) -> parts.merge(name, value, Double::sum));
        }
    }

    /** Consecutive rows, as many as fit into a run, the last ones perhaps fewer. */
    public static <R> List<List<R>> chunks(List<R> rows, int size) {
        List<List<R>> chunks = new ArrayList<>();
        for (int from = 0; from < rows.size(); from += size) {
            chunks.add(rows.subList(from, Math.min(rows.size(), from + size)));
        }
        return chunks;
    }

    private void adaptScale(boolean finite, boolean finiteLoss) {
        if (finite) {
            scaler.succeeded();
        } else if (finiteLoss) {
            scaler.overflowed();
            log.info("Gradients overflow FLOAT16; the loss scale is {} now", scaler.scale());
        }
    }

    /** What the next step's loss is multiplied with. */
    public double scale(BatchLoss<?> loss) {
        return loss.isScaled() ? scaler.scale() : 1;
    }

    /** All that a later run needs to continue bit for bit, besides the parameters. Copies. */
    public Map<String, TensorData> state() {
        Map<String, TensorData> state = new LinkedHashMap<>(optimizer.state());
        state.putAll(scaler.state());
        return state;
    }

    /**
     * Continues from a {@link #state}.
     *
     * @throws IllegalArgumentException if the state is of other parameters; nothing is restored then
     */
    public void restore(Map<String, TensorData> state) {
        Map<String, TensorData> before = scaler.state();
        Map<String, TensorData> moments = new LinkedHashMap<>(state);
        moments.keySet().removeIf(LossScaler::owns);
        scaler.restore(state);
        try {
            optimizer.restore(moments);
        } catch (RuntimeException e) {
            scaler.restore(before);
            throw e;
        }
    }
}
