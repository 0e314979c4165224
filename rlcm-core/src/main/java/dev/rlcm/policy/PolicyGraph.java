package dev.rlcm.policy;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.lora.AdaptedGraph;
import dev.rlcm.mdp.GaussianStep;
import dev.rlcm.mdp.LogProbReduction;
import dev.rlcm.rewrite.Rewriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The policy as an expression: for a batch of B transitions the mean and the log-probability of the action that was
 * taken, as FLOAT32 values that depend on the adapter's factors. Rows of different timesteps share a batch, since a step's
 * coefficients are inputs of the graph. Immutable.
 *
 * <p>To evaluate such values: make a {@link dev.rlcm.graph.Graph} of them, compile it with the policy's backend, fill a
 * {@link #newBatch batch} for it, and run it with {@link Batch#inputs}.
 */
public final class PolicyGraph {
    private static final double HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI);

    private final LogProbReduction reduction;
    private final AdaptedGraph adapted;
    private final Graph base;
    private final Value state;
    private final Value next;
    private final Value inputScale;
    private final Value sampleCoefficient;
    private final Value modelCoefficient;
    private final Value sigma;
    private final Value mean;

    /**
     * @param base the denoiser without adapter
     * @param adapted the same graph with it
     */
    PolicyGraph(Graph base, AdaptedGraph adapted, LogProbReduction reduction) {
        this.reduction = reduction;
        this.adapted = adapted;
        this.base = base;
        Value sample = base.input(ConsistencyModel.SAMPLE);
        this.state = Value.input("state", DataType.FLOAT32, sample.shape());
        this.next = Value.input("next_state", DataType.FLOAT32, sample.shape());
        this.inputScale = perRow("input_scale");
        this.sampleCoefficient = perRow("sample_coefficient");
        this.modelCoefficient = perRow("model_coefficient");
        this.sigma = perRow("sigma");
        this.mean = mean(adapted.graph());
    }

    private Value perRow(String name) {
        return Value.input(
                name,
                DataType.FLOAT32,
                Shape.of(base.input(ConsistencyModel.SAMPLE).dim(0)));
    }

    /** a x + b m(c x, t, conditioning), the network being that of the given graph. */
    private Value mean(Graph network) {
        Value sample = network.input(ConsistencyModel.SAMPLE);
        Value scaled = spread(inputScale).mul(state);
        Value output = Rewriter.rewrite(network, value -> value == sample ? scaled : value)
                .outputs()
                .values()
                .iterator()
                .next();
        return spread(sampleCoefficient).mul(state).add(spread(modelCoefficient).mul(output));
    }

    /** The number of transitions B in a batch. */
    public int rows() {
        return state.dim(0);
    }

    /** The number of elements D of one latent. */
    public int latentSize() {
        return (int) (state.shape().size() / rows());
    }

    /** How log-probabilities are reduced over a latent. */
    public LogProbReduction reduction() {
        return reduction;
    }

    /** mu(x_k), [B,C,h,w]: the mean of the next state. */
    public Value mean() {
        return mean;
    }

    /**
     * The mean of the base model, [B,C,h,w], that is with the adapter switched off; it does not depend on the factors.
     * Whoever uses it pays a second forward pass.
     */
    public Value baseMean() {
        return mean(base);
    }

    /** The standard deviation of the step, [B], positive. */
    public Value sigma() {
        return sigma;
    }

    /** log pi(x_{k+1} | x_k), [B], reduced over the latent as {@link #reduction} says. */
    public Value logProb() {
        return logProb(mean);
    }

    /**
     * The log-density of the next state under N(mean, sigma^2 I), [B]: its mean or sum over the latent's elements.
     *
     * @param gaussianMean [B,C,h,w]
     */
    public Value logProb(Value gaussianMean) {
        Value z = next.sub(gaussianMean).div(spread(sigma));
        Value perElement = reduce(z.square()).mul(-0.5);
        double elements = reduction == LogProbReduction.SUM ? latentSize() : 1;
        return perElement.sub(sigma.log().add(HALF_LOG_TWO_PI).mul(elements));
    }

    /** The mean or sum over the axes of a latent, as log-probabilities are reduced: [B,C,h,w] to [B]. */
    public Value reduce(Value perElement) {
        int[] axes = IntStream.range(1, perElement.rank()).toArray();
        return reduction == LogProbReduction.SUM ? perElement.sum(false, axes) : perElement.mean(false, axes);
    }

    /** A value [B] as [B,1,1,1], to act on latents. */
    public Value spread(Value perRow) {
        int[] dims =
                IntStream.range(0, state.rank()).map(i -> i == 0 ? rows() : 1).toArray();
        return perRow.reshape(dims);
    }

    /**
     * The adapter's factors: the values to differentiate with respect to, named and ordered as in {@link
     * dev.rlcm.lora.LoraAdapter#tensors}.
     */
    public List<Value> factors() {
        return adapted.factors();
    }

    /**
     * Buffers for running a graph built from this policy's values.
     *
     * @param graph what will be run
     * @param others tensors for its inputs that are not the policy's own, such as the adapter's factors; fed as they are, not
     *     copied, so that a run sees what they hold then
     * @throws GraphException if the graph has an input that is neither
     */
    public Batch newBatch(Graph graph, Map<String, TensorData> others) {
        return new Batch(graph, others);
    }

    /**
     * The inputs of a run, filled transition by transition and used again at every run. All rows have to be set: one that never
     * was has sigma 0, so that its log-density is not finite and spoils gradients even with weight 0. Where there are fewer
     * transitions than rows, repeat one with weight 0. Not thread-safe.
     */
    public final class Batch {
        private final BatchFeed feed;
        private final Map<String, TensorData> inputs = new LinkedHashMap<>();

        private Batch(Graph graph, Map<String, TensorData> others) {
            List<Value> own = List.of(state, next, inputScale, sampleCoefficient, modelCoefficient, sigma);
            List<Value> filled = new ArrayList<>(own);
            base.inputs().stream()
                    .filter(v -> !v.label().equals(ConsistencyModel.SAMPLE))
                    .forEach(filled::add);
            Set<String> ownNames = Stream.concat(own.stream().map(Value::label), Stream.of(ConsistencyModel.TIMESTEP))
                    .collect(Collectors.toSet());
            this.feed = new BatchFeed(filled, ownNames, others);
            for (Value input : graph.inputs()) {
                TensorData tensor = feed.tensors().get(input.label());
                if (tensor == null) {
                    throw new GraphException("nothing to feed to the input " + input.label());
                }
                inputs.put(input.label(), tensor);
            }
        }

        /**
         * Fills one row.
         *
         * @param row in [0, B)
         * @param transition of a policy on the same model
         * @throws IllegalArgumentException if its states or its conditioning do not fit the policy's network
         */
        public void set(int row, Transition transition) {
            Trajectory trajectory = transition.trajectory();
            feed.check(trajectory.conditioning(), trajectory.prompt());
            GaussianStep step = trajectory.step(transition.action());
            feed.set(state.label(), row, latent(trajectory, transition.action()));
            feed.set(next.label(), row, latent(trajectory, transition.action() + 1));
            feed.set(ConsistencyModel.TIMESTEP, row, (float) step.timestep());
            feed.set(inputScale.label(), row, (float) step.inputScale());
            feed.set(sampleCoefficient.label(), row, (float) step.sampleCoefficient());
            feed.set(modelCoefficient.label(), row, (float) step.modelCoefficient());
            feed.set(sigma.label(), row, (float) step.sigma());
            feed.set(trajectory.conditioning(), row);
        }

        private float[] latent(Trajectory trajectory, int k) {
            float[] latent = trajectory.state(k);
            if (latent.length != latentSize()) {
                throw new IllegalArgumentException("state " + k + " of \"" + trajectory.prompt() + "\" must have "
                        + latentSize() + " values, got " + latent.length);
            }
            return latent;
        }

        /** What to run the graph with; the same tensors at every call. */
        public Map<String, TensorData> inputs() {
            return inputs;
        }
    }
}
