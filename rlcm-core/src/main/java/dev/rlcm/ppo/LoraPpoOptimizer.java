package dev.rlcm.ppo;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.optim.AdamW;
import dev.rlcm.optim.GradientClipping;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.Transition;
import dev.rlcm.random.RandomStreams;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** PPO on an adapter: accumulates gradients over minibatches, clips, and steps AdamW. */
final class LoraPpoOptimizer implements PpoOptimizer {
    private static final Logger LOG = LoggerFactory.getLogger(LoraPpoOptimizer.class);
    private static final String UPDATES = "updates";

    private final ConsistencyPolicy policy;
    private final PpoConfig config;
    private final PolicyLoss loss;
    private final AdamW adam;
    private final List<FloatBuffer> accumulated;
    private @Nullable LossGraph compiled;
    private long updates;

    LoraPpoOptimizer(ConsistencyPolicy policy, PpoConfig config, PolicyLoss loss) {
        if (policy.schedule().actions() == 0) {
            throw new IllegalArgumentException(
                    "one step has no stochastic action to learn from; sample with at least 2 steps");
        }
        this.policy = policy;
        this.config = config;
        this.loss = loss;
        this.adam = new AdamW(policy.adapter().parameters(), config.adam());
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
        int rowsPerStep = config.trajectoriesPerStep() * policy.schedule().actions();
        LossGraph graph = graph(Math.min(config.minibatch(), rowsPerStep));
        long networkBefore = graph.networkNanos();
        RandomStreams random =
                RandomStreams.seeded(config.seed()).at("minibatches").at(updates++);
        double rateFactor = config.learningRate().factor(updates - 1);
        boolean stop = false;
        for (int epoch = 0; epoch < config.innerEpochs() && !stop; epoch++) {
            int[] order = random.at(epoch).permutation(rollout.size());
            for (int first = 0; first < order.length && !stop; first += config.trajectoriesPerStep()) {
                int end = Math.min(order.length, first + config.trajectoriesPerStep());
                step(graph, rollout, advantages, Arrays.copyOfRange(order, first, end), rateFactor, statistics);
                stop = statistics.approxKl() > config.targetKl().orElse(Double.POSITIVE_INFINITY);
            }
        }
        return statistics.report(
                rateFactor * config.adam().learningRate(),
                stop,
                graph.networkNanos() - networkBefore,
                System.nanoTime() - start);
    }

    /** One optimiser step on the given trajectories. */
    private void step(
            LossGraph graph,
            Rollout rollout,
            double[] advantages,
            int[] trajectories,
            double rateFactor,
            UpdateStatistics statistics) {
        List<Transition> rows = new ArrayList<>();
        List<Double> rowAdvantages = new ArrayList<>();
        for (int index : trajectories) {
            double clamped = Math.max(-config.advantageClamp(), Math.min(config.advantageClamp(), advantages[index]));
            for (Transition transition : rollout.transitions(index)) {
                rows.add(transition);
                rowAdvantages.add(clamped);
            }
        }
        accumulated.forEach(LoraPpoOptimizer::clear);
        double total = 0;
        for (int from = 0; from < rows.size(); from += graph.rows()) {
            int to = Math.min(rows.size(), from + graph.rows());
            double[] slice = rowAdvantages.subList(from, to).stream()
                    .mapToDouble(Double::doubleValue)
                    .toArray();
            graph.run(rows.subList(from, to), slice, 1.0 / rows.size());
            total += graph.loss();
            for (int row = from; row < to; row++) {
                statistics.transition(graph.logProb(row - from), rows.get(row).logProb());
            }
            accumulate(graph.gradients());
        }
        double norm = GradientClipping.globalNorm(accumulated, config.maxGradNorm());
        if (Double.isFinite(total) && Double.isFinite(norm)) {
            adam.step(accumulated, rateFactor);
            statistics.step(total, norm);
        } else {
            LOG.warn("Skipped an optimiser step: loss {} and gradient norm {} must be finite", total, norm);
            statistics.skip();
        }
    }

    private void accumulate(List<FloatBuffer> gradients) {
        for (int i = 0; i < gradients.size(); i++) {
            FloatBuffer sum = accumulated.get(i);
            FloatBuffer gradient = gradients.get(i);
            for (int j = 0; j < sum.limit(); j++) {
                sum.put(j, sum.get(j) + gradient.get(j));
            }
        }
    }

    private static void clear(FloatBuffer buffer) {
        for (int i = 0; i < buffer.limit(); i++) {
            buffer.put(i, 0);
        }
    }

    private LossGraph graph(int rows) {
        LossGraph current = compiled;
        if (current == null || current.rows() != rows) {
            if (current != null) {
                current.close();
            }
            current = new LossGraph(policy, loss, rows);
            compiled = current;
        }
        return current;
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
        adam.restore(moments);
        updates = count.getLong(0);
    }
}
