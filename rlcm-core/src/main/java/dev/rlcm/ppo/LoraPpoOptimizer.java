package dev.rlcm.ppo;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.optim.AdamW;
import dev.rlcm.optim.GradientClipping;
import dev.rlcm.optim.LossScaler;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.Rollout;
import dev.rlcm.random.RandomStreams;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** PPO on an adapter: accumulates gradients over minibatches, clips, and steps AdamW. */
final class LoraPpoOptimizer implements PpoOptimizer {
    private static final Logger log = LoggerFactory.getLogger(LoraPpoOptimizer.class);
    private static final String UPDATES = "updates";

    private final ConsistencyPolicy policy;
    private final PpoConfig config;
    private final PolicyLoss loss;
    private final AdamW adam;
    private final LossScaler scaler;
    private final List<FloatBuffer> accumulated;
    private @Nullable LossGraph compiled;
    private boolean warned;
    private long updates;

    LoraPpoOptimizer(ConsistencyPolicy policy, PpoConfig config, PolicyLoss loss) {
        if (policy.schedule().actions() == 0) {
            throw new IllegalArgumentException(
                    "one step has no stochastic action to learn from; sample with at least 2 steps");
        }
        this.policy = policy;
        this.config = config;
        this.loss = loss;
        LossGraph.check(policy, loss, config.clipRange(), minibatch());
        this.adam = new AdamW(policy.adapter().parameters(), config.adam());
        this.scaler = new LossScaler(config.lossScaling());
        this.accumulated = policy.adapter().tensors().values().stream()
                .map(tensor ->
                        TensorData.zeros(DataType.FLOAT32, tensor.shape()).floats())
                .toList();
    }

    @Override
    public UpdateReport update(Rollout rollout, double[] advantages) {
        check(rollout, advantages);
        long start = System.nanoTime();
        UpdateStatistics statistics = new UpdateStatistics(config.clipRange());
        LossGraph graph = graph();
        long networkBefore = graph.networkNanos();
        RandomStreams random =
                RandomStreams.seeded(config.seed()).at("minibatches").at(updates++);
        double rateFactor = config.schedule().factor(updates - 1);
        List<List<Row>> rows = rows(graph, rollout, advantages);
        boolean stop = false;
        for (int epoch = 0; epoch < config.innerEpochs() && !stop; epoch++) {
            int[] order = random.at(epoch).permutation(rollout.size());
            for (int first = 0; first < order.length && !stop; first += config.trajectoriesPerStep()) {
                int end = Math.min(order.length, first + config.trajectoriesPerStep());
                List<Row> batch = Arrays.stream(order, first, end)
                        .boxed()
                        .flatMap(i -> rows.get(i).stream())
                        .toList();
                step(graph, batch, rateFactor, statistics);
                stop = statistics.approxKl() > config.targetKl().orElse(Double.POSITIVE_INFINITY);
            }
        }
        warnOfNoise(statistics.initialRatioError());
        return statistics.report(
                rateFactor * config.adam().learningRate(),
                scale(graph),
                stop,
                graph.networkNanos() - networkBefore,
                System.nanoTime() - start);
    }

    /** The transitions of each trajectory. */
    private List<List<Row>> rows(LossGraph graph, Rollout rollout, double[] advantages) {
        List<List<Row>> rows = new ArrayList<>();
        for (int i = 0; i < advantages.length; i++) {
            double clamped = Math.max(-config.advantageClamp(), Math.min(config.advantageClamp(), advantages[i]));
            rows.add(rollout.transitions(i).stream()
                    .map(transition -> new Row(transition, transition.logProb(), clamped))
                    .toList());
        }
        if (!config.recomputeLogProbs()) {
            return rows;
        }
        Iterator<Row> recomputed =
                recomputed(graph, rows.stream().flatMap(List::stream).toList()).iterator();
        return rows.stream()
                .map(list -> list.stream().map(row -> recomputed.next()).toList())
                .toList();
    }

    private static List<Row> recomputed(LossGraph graph, List<Row> rows) {
        List<Row> result = new ArrayList<>();
        for (int from = 0; from < rows.size(); from += graph.rows()) {
            List<Row> batch = rows.subList(from, Math.min(rows.size(), from + graph.rows()));
            graph.run(batch, 0, 1);
            for (int i = 0; i < batch.size(); i++) {
                result.add(batch.get(i).withOldLogProb(graph.logProb(i)));
            }
        }
        return result;
    }

    /** One optimiser step on the given transitions. */
    private void step(LossGraph graph, List<Row> rows, double rateFactor, UpdateStatistics statistics) {
        accumulated.forEach(LoraPpoOptimizer::clear);
        double scale = scale(graph);
        double total = 0;
        for (int from = 0; from < rows.size(); from += graph.rows()) {
            List<Row> batch = rows.subList(from, Math.min(rows.size(), from + graph.rows()));
            graph.run(batch, 1.0 / rows.size(), scale);
            total += graph.loss();
            for (int i = 0; i < batch.size(); i++) {
                statistics.transition(graph.logProb(i), batch.get(i).oldLogProb());
            }
            accumulate(graph.gradients(), (float) (1 / scale));
        }
        double norm = GradientClipping.globalNorm(accumulated, config.maxGradNorm());
        boolean finite = Double.isFinite(total) && Double.isFinite(norm);
        if (finite) {
            adam.step(accumulated, rateFactor);
            statistics.step(total, norm);
        } else {
            log.warn("Skipped an optimiser step: loss {} and gradient norm {} must be finite", total, norm);
            statistics.skip();
        }
        if (graph.isScaled()) {
            adaptScale(finite, Double.isFinite(total));
        }
    }

    private void adaptScale(boolean finite, boolean finiteLoss) {
        if (finite) {
            scaler.succeeded();
        } else if (finiteLoss) {
            scaler.overflowed();
            log.info("Gradients overflow FLOAT16; the loss scale is {} now", scaler.scale());
        }
    }

    private void warnOfNoise(double initialRatioError) {
        double room = Math.min(config.clipRange().below(), config.clipRange().above());
        if (initialRatioError > room / 2 && !warned) {
            warned = true;
            log.warn(
                    "Before the first step ratios differ from 1 by up to {}, the clip range is {}. If the rollout is of"
                            + " this policy, that is rounding: set PpoConfig.withRecomputedLogProbs(true) or a wider"
                            + " clip range",
                    initialRatioError,
                    room);
        }
    }

    private double scale(LossGraph graph) {
        return graph.isScaled() ? scaler.scale() : 1;
    }

    /** The factor is a power of two, so it costs no precision. */
    private void accumulate(List<FloatBuffer> gradients, float factor) {
        for (int i = 0; i < gradients.size(); i++) {
            FloatBuffer sum = accumulated.get(i);
            FloatBuffer gradient = gradients.get(i);
            for (int j = 0; j < sum.limit(); j++) {
                sum.put(j, sum.get(j) + factor * gradient.get(j));
            }
        }
    }

    private static void clear(FloatBuffer buffer) {
        for (int i = 0; i < buffer.limit(); i++) {
            buffer.put(i, 0);
        }
    }

    private LossGraph graph() {
        LossGraph current = compiled;
        if (current == null) {
            current = new LossGraph(policy, loss, config.clipRange(), minibatch());
            compiled = current;
        }
        return current;
    }

    /** Transitions in a run: no more than an optimiser step has. */
    private int minibatch() {
        return Math.min(
                config.minibatch(),
                config.trajectoriesPerStep() * policy.schedule().actions());
    }

    @Override
    public void close() {
        if (compiled != null) {
            compiled.close();
            compiled = null;
        }
    }

    private void check(Rollout rollout, double[] advantages) {
        if (advantages.length != rollout.size()) {
            throw new IllegalArgumentException(
                    "expected " + rollout.size() + " advantages, one per trajectory, got " + advantages.length);
        }
        for (int i = 0; i < advantages.length; i++) {
            if (!Double.isFinite(advantages[i])) {
                throw new IllegalArgumentException("advantage " + i + " is " + advantages[i] + " (prompt \""
                        + rollout.trajectories().get(i).prompt() + "\"); check the reward");
            }
        }
    }

    @Override
    public Map<String, TensorData> state() {
        Map<String, TensorData> state = new LinkedHashMap<>(adam.state());
        state.putAll(scaler.state());
        state.put(UPDATES, TensorData.longs(Shape.SCALAR, updates));
        return state;
    }

    @Override
    public void restore(Map<String, TensorData> state) {
        TensorData count = state.get(UPDATES);
        if (count == null) {
            throw new IllegalArgumentException("not an optimiser state: it has no " + UPDATES);
        }
        Map<String, TensorData> moments = new LinkedHashMap<>(state);
        moments.remove(UPDATES);
        scaler.restore(moments);
        adam.restore(moments);
        updates = count.getLong(0);
    }
}
