package dev.rlcm.ppo;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.optim.GradientDescent;
import dev.rlcm.policy.Policy;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.Trajectory;
import dev.rlcm.random.RandomStreams;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes rows or pairs of rows of a rollout, as the objective asks, and hands them to {@link GradientDescent} in the order of
 * the settings.
 */
final class MinibatchPpoOptimizer implements PpoOptimizer {
    private static final Logger log = LoggerFactory.getLogger(MinibatchPpoOptimizer.class);
    private static final String UPDATES = "updates";

    private final Policy policy;
    private final PpoConfig config;
    private final Objective objective;
    private final GradientDescent descent;
    private final RowEvaluator evaluator;
    private final EvaluatedLoss loss;
    private boolean warned;
    private long updates;

    MinibatchPpoOptimizer(Policy policy, PpoConfig config, Objective objective, RowEvaluator evaluator) {
        if (objective.source().count(policy.schedule()) == 0) {
            throw new IllegalArgumentException(
                    "one step has no stochastic action to learn from; sample with at least 2 steps");
        }
        this.policy = policy;
        this.config = config;
        this.objective = objective;
        this.evaluator = evaluator;
        this.loss = new EvaluatedLoss(evaluator);
        LossGraph.check(policy, objective.rowLoss(), config.clipRange(), evaluator.rows());
        List<FloatBuffer> parameters =
                policy.parameters().values().stream().map(TensorData::floats).toList();
        this.descent = new GradientDescent(
                parameters, config.optimizer().optimizer(parameters), config.maxGradNorm(), config.lossScaling());
    }

    @Override
    public UpdateReport update(Rollout rollout, double[] advantages, UpdateObserver observer) {
        Credits credits = credits(rollout, advantages);
        Snapshot before = Snapshot.of(policy.parameters(), descent);
        try {
            UpdateReport report = new Update(observer).run(rollout, credits);
            updates++;
            return report;
        } catch (Throwable e) {
            before.restore();
            throw e;
        }
    }

    /** One call of {@link #update}. */
    private final class Update {
        private final UpdateObserver observer;
        private final UpdateStatistics statistics = new UpdateStatistics(config.clipRange());
        private final double rateFactor = config.schedule().factor(updates);
        private int steps;

        Update(UpdateObserver observer) {
            this.observer = observer;
        }

        UpdateReport run(Rollout rollout, Credits credits) {
            long start = System.nanoTime();
            long networkBefore = evaluator.networkNanos();
            RandomStreams random =
                    RandomStreams.seeded(config.seed()).at("minibatches").at(updates);
            List<List<Row>> rows = rows(rollout, credits, random.at("rows"));
            List<List<List<Row>>> units = objective.units(rollout, credits.values()).stream()
                    .map(unit -> Arrays.stream(unit).mapToObj(rows::get).toList())
                    .toList();
            int perStep = Math.max(1, config.trajectoriesPerStep() / objective.unitSize());
            boolean stop = false;
            for (int epoch = 0; epoch < config.innerEpochs() && !stop; epoch++) {
                int[] order = order(units.size(), epoch, random);
                for (int first = 0; first < order.length && !stop; first += perStep) {
                    int end = Math.min(order.length, first + perStep);
                    step(
                            epoch,
                            Arrays.stream(order, first, end)
                                    .mapToObj(units::get)
                                    .toList());
                    stop = statistics.approxKl() > config.targetKl().orElse(Double.POSITIVE_INFINITY);
                }
            }
            warnOfNoise(statistics.initialRatioError());
            return statistics.report(
                    rateFactor * config.optimizer().learningRate(),
                    descent.scale(loss),
                    stop,
                    evaluator.networkNanos() - networkBefore,
                    System.nanoTime() - start);
        }

        private void step(int epoch, List<List<List<Row>>> units) {
            Objective.StepRows step = objective.rows(units, evaluator::scores);
            GradientDescent.Outcome outcome = descent.step(
                            loss, step.rows(), rateFactor, chunk -> onChunk(epoch, chunk))
                    .plus(step.offset());
            if (outcome.applied()) {
                statistics.step(outcome.loss(), outcome.gradNorm(), outcome.parts());
            } else {
                statistics.skip(outcome.parts());
            }
            observer.onStep(new UpdateObserver.Step(
                    epoch,
                    steps,
                    outcome.applied(),
                    outcome.loss(),
                    outcome.gradNorm(),
                    () -> named(outcome.gradients(), 1)));
            steps++;
        }

        private void onChunk(int epoch, List<Row> chunk) {
            RowGradients result = loss.current();
            double[] logProbs = result.logProbs();
            for (int i = 0; i < logProbs.length; i++) {
                if (hasLogProbs()) {
                    statistics.transition(logProbs[i], chunk.get(i).oldLogProb());
                }
            }
            double scale = descent.scale(loss);
            observer.onMinibatch(new UpdateObserver.Minibatch(
                    epoch,
                    steps,
                    chunk.stream().map(Row::transition).toList(),
                    logProbs,
                    result.loss(),
                    () -> named(result.gradients(), 1 / scale)));
        }
    }

    /** Copies of gradients by the names of their parameters. */
    private Map<String, TensorData> named(List<FloatBuffer> gradients, double factor) {
        Map<String, TensorData> copies = new LinkedHashMap<>();
        Iterator<FloatBuffer> each = gradients.iterator();
        policy.parameters().forEach((name, parameter) -> {
            FloatBuffer gradient = each.next();
            copies.put(name, TensorData.generate(DataType.FLOAT32, parameter.shape(), i -> factor * gradient.get(i)));
        });
        return copies;
    }

    /** @param units the number of trajectories, or of pairs of them */
    private int[] order(int units, int innerEpoch, RandomStreams random) {
        int[] order = config.order().order(units, updates, innerEpoch, random);
        String what = objective.unitSize() == 1 ? "trajectories" : "pairs";
        if (order.length == 0) {
            throw new IllegalArgumentException("the order of rows must name some of the " + what + ", got none");
        }
        for (int index : order) {
            if (index < 0 || index >= units) {
                throw new IllegalArgumentException(
                        "the order of rows must name " + what + " in [0, " + units + "), got " + index);
            }
        }
        return order;
    }

    /** The rows of each trajectory. */
    private List<List<Row>> rows(Rollout rollout, Credits credits, RandomStreams random) {
        List<List<Row>> rows = new ArrayList<>();
        for (int i = 0; i < rollout.size(); i++) {
            Trajectory trajectory = rollout.trajectories().get(i);
            int index = i;
            rows.add(objective.source().rows(trajectory, random.at(trajectory.prompt())).stream()
                    .map(transition ->
                            new Row(transition, transition.logProb(), credits.of(index, transition.action())))
                    .toList());
        }
        boolean isEvaluated =
                switch (objective.source().logProbs()) {
                    case RECORDED -> config.recomputeLogProbs();
                    case EVALUATED -> true;
                    case NONE -> false;
                };
        List<Row> all = rows.stream().flatMap(List::stream).toList();
        all = isEvaluated ? recomputed(all) : all;
        Iterator<Row> complete = (evaluator.usesOldMeans() ? withOldMeans(all) : all).iterator();
        return rows.stream()
                .map(list -> list.stream().map(row -> complete.next()).toList())
                .toList();
    }

    private List<Row> withOldMeans(List<Row> rows) {
        Iterator<float[]> means = evaluator.means(rows).iterator();
        return rows.stream().map(row -> row.withOldMean(means.next())).toList();
    }

    private List<Row> recomputed(List<Row> rows) {
        List<Row> result = new ArrayList<>();
        loss.runAll(GradientDescent.chunks(rows, loss.rows()), 0, 1, batch -> {
            double[] logProbs = loss.current().logProbs();
            for (int i = 0; i < batch.size(); i++) {
                result.add(batch.get(i).withOldLogProb(logProbs[i]));
            }
        });
        return result;
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

    private boolean hasLogProbs() {
        return objective.source().logProbs() != RowSource.LogProbs.NONE;
    }

    @Override
    public PpoConfig config() {
        return config;
    }

    @Override
    public void close() {
        evaluator.close();
    }

    private Credits credits(Rollout rollout, double[] advantages) {
        Credits credits = Credits.of(rollout, advantages, config.advantageClamp());
        boolean ofActions = objective.unitSize() == 1 && objective.source().logProbs() == RowSource.LogProbs.RECORDED;
        if (credits.isByAction() && !ofActions) {
            throw new IllegalArgumentException("this algorithm compares whole trajectories; expected " + rollout.size()
                    + " advantages, one for each, got " + advantages.length);
        }
        return credits;
    }

    @Override
    public Map<String, TensorData> state() {
        Map<String, TensorData> state = new LinkedHashMap<>(descent.state());
        state.put(UPDATES, TensorData.longs(Shape.SCALAR, updates));
        return state;
    }

    @Override
    public void restore(Map<String, TensorData> state) {
        TensorData count = state.get(UPDATES);
        if (count == null || count.type() != DataType.INT64 || count.getLong(0) < 0) {
            throw new IllegalArgumentException(
                    "not an optimiser state: " + UPDATES + " must be a count, got " + (count == null ? "none" : count));
        }
        Map<String, TensorData> rest = new LinkedHashMap<>(state);
        rest.remove(UPDATES);
        descent.restore(rest);
        updates = count.getLong(0);
    }
}
