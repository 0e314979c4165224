package dev.rlcm.policy;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.mdp.GaussianStep;
import dev.rlcm.mdp.LogProbReduction;
import dev.rlcm.rewrite.Rewriter;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The policy as an expression: for a batch of B transitions the mean and the log-probability of the action that was
 * taken, as FLOAT32 values that depend on what is trained. Rows of different timesteps share a batch, since a step's
 * coefficients are inputs of the graph. Immutable.
 *
 * <p>To evaluate such values: make a {@link dev.rlcm.graph.Graph} of them, compile it with the policy's backend, fill a
 * {@link #newBatch batch} for it, and run it with {@link Batch#inputs}.
 */
public final class PolicyGraph {
    /** Begins the names of inputs that policies and optimisers add to a network's own. */
    public static final String RESERVED = "rlcm.";

    private static final double HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI);

    private final LogProbReduction reduction;
    private final Graph network;
    private final List<Value> factors;
    private final @Nullable Graph base;
    private final @Nullable Supplier<Graph> decoder;
    private final Value state;
    private final Value next;
    private final Value inputScale;
    private final Value sampleCoefficient;
    private final Value modelCoefficient;
    private final Value sigma;
    private final Value bound;
    private final Value mean;

    private PolicyGraph(
            Graph network,
            List<Value> factors,
            LogProbReduction reduction,
            @Nullable Graph base,
            @Nullable Supplier<Graph> decoder) {
        check(network, factors);
        this.reduction = reduction;
        this.network = network;
        this.factors = List.copyOf(factors);
        this.base = base;
        this.decoder = decoder;
        Value sample = network.input(ConsistencyModel.SAMPLE);
        this.state = Value.input(RESERVED + "state", DataType.FLOAT32, sample.shape());
        this.next = Value.input(RESERVED + "next_state", DataType.FLOAT32, sample.shape());
        this.inputScale = perRow("input_scale");
        this.sampleCoefficient = perRow("sample_coefficient");
        this.modelCoefficient = perRow("model_coefficient");
        this.sigma = perRow("sigma");
        this.bound = perRow("bound");
        this.mean = mean(network);
    }

    /**
     * The policy that a network makes: N(a x + b m(c x, t, conditioning), sigma^2 I), the mean clipped where a step has a bound.
     *
     * @param network m, with the inputs {@link ConsistencyModel#SAMPLE} [B,...] and {@link ConsistencyModel#TIMESTEP} [B], the
     *     conditioning inputs [B,...], and the factors; one output of the shape of the sample. Everything is FLOAT32, and rows
     *     do not depend on each other. Names do not begin with {@link #RESERVED}
     * @param factors those inputs of the network that are trained, in the order of {@link Policy#parameters}
     * @throws GraphException if the network lacks an input, or its output has another shape than the sample
     */
    public static PolicyGraph of(Graph network, List<Value> factors, LogProbReduction reduction) {
        return new PolicyGraph(network, factors, reduction, null, null);
    }

    private static void check(Graph network, List<Value> factors) {
        network.input(ConsistencyModel.TIMESTEP);
        factors.forEach(factor -> network.input(factor.label()));
        for (Value input : network.inputs()) {
            if (input.label().startsWith(RESERVED)) {
                throw new GraphException("names that begin with " + RESERVED + " are reserved; rename the input "
                        + input.label() + " of the policy's network");
            }
        }
        Shape sample = network.input(ConsistencyModel.SAMPLE).shape();
        Shape output = network.outputs().values().iterator().next().shape();
        if (!output.equals(sample)) {
            throw new GraphException(
                    "a policy's network must give the shape of its sample, " + sample + ", got " + output);
        }
    }

    /**
     * The same policy, which knows what it was before training, for losses that hold it there.
     *
     * @param newBase the network without what is trained, with the same inputs otherwise
     */
    public PolicyGraph withBase(Graph newBase) {
        return new PolicyGraph(network, factors, reduction, newBase, decoder);
    }

    /**
     * The same policy, which knows how its pictures come from latents, for losses that look at them.
     *
     * @param newDecoder makes {@link ConsistencyModel#decoder} for this batch; asked when {@link #picture} is
     */
    public PolicyGraph withDecoder(Supplier<Graph> newDecoder) {
        return new PolicyGraph(network, factors, reduction, base, newDecoder);
    }

    private Value perRow(String name) {
        return Value.input(RESERVED + name, DataType.FLOAT32, Shape.of(state.dim(0)));
    }

    /** a x + b m(c x, t, conditioning) clipped to [-bound, bound], the network being that of the given graph. */
    private Value mean(Graph model) {
        Value output = inlined(
                model, Map.of(ConsistencyModel.SAMPLE, spread(inputScale).mul(state)));
        Value affine = spread(sampleCoefficient)
                .mul(state)
                .add(spread(modelCoefficient).mul(output));
        return affine.min(spread(bound)).max(spread(bound).neg());
    }

    /** The only output of a graph on other inputs. */
    private static Value inlined(Graph graph, Map<String, Value> inputs) {
        Map<Value, Value> replacements = new IdentityHashMap<>();
        inputs.forEach((name, value) -> replacements.put(graph.input(name), value));
        return Rewriter.rewrite(graph, value -> replacements.getOrDefault(value, value))
                .outputs()
                .values()
                .iterator()
                .next();
    }

    /** The latents that a batch starts from, [B,C,h,w]: x_k of its transitions. */
    public Value state() {
        return state;
    }

    /**
     * The mean of what follows some latents, a x + b m(c x, t, conditioning), [B,C,h,w], clipped if the step has a bound. The step is the
     * same in all rows: for losses that go on from {@link #state}, or from what follows it, through several steps.
     *
     * @param latents x, [B,C,h,w]
     */
    public Value after(Value latents, GaussianStep step) {
        Shape rows = network.input(ConsistencyModel.TIMESTEP).shape();
        Value timestep = Value.constant(TensorData.generate(DataType.FLOAT32, rows, i -> step.timestep()));
        Value output = inlined(
                network,
                Map.of(ConsistencyModel.SAMPLE, latents.mul(step.inputScale()), ConsistencyModel.TIMESTEP, timestep));
        Value affine = latents.mul(step.sampleCoefficient()).add(output.mul(step.modelCoefficient()));
        return Double.isInfinite(step.bound()) ? affine : affine.clip(-step.bound(), step.bound());
    }

    /**
     * The pictures of final latents, [B,3,H,W], in [0, 1].
     *
     * @throws IllegalStateException if the policy has no decoder, see {@link #withDecoder}
     * @throws UnsupportedOperationException if its model does not offer one
     */
    public Value picture(Value latents) {
        if (decoder == null) {
            throw new IllegalStateException(
                    "this policy cannot decode latents; its graph must be made with PolicyGraph.withDecoder");
        }
        return inlined(decoder.get(), Map.of(ConsistencyModel.LATENTS, latents));
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
     * The mean under the base model, [B,C,h,w]: the network with the adapter switched off. It does not depend on the factors,
     * and costs a second forward pass.
     *
     * @throws IllegalStateException if the policy has no base, see {@link #withBase}
     */
    public Value baseMean() {
        if (base == null) {
            throw new IllegalStateException(
                    "this policy has no base model to compare with; its graph must be made with PolicyGraph.withBase");
        }
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
        double elements = reduction == LogProbReduction.SUM ? latentSize() : 1;
        return error(gaussianMean).neg().sub(sigma.log().add(HALF_LOG_TWO_PI).mul(elements));
    }

    /**
     * The part of minus the log-density that depends on the mean: (next state - mean)^2 / (2 sigma^2), [B], reduced likewise.
     *
     * @param gaussianMean [B,C,h,w]
     */
    public Value error(Value gaussianMean) {
        Value z = next.sub(gaussianMean).div(spread(sigma));
        return reduce(z.square()).mul(0.5);
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
     * What is trained, an adapter's factors as a rule: the values to differentiate with respect to, named and ordered as
     * {@link Policy#parameters}.
     */
    public List<Value> factors() {
        return factors;
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
     * The inputs of a run, filled transition by transition and used again at every run. Every row must be set. A row that was
     * never set has sigma 0, so its log-density is not finite and spoils the gradients even with weight 0. Where there are
     * fewer transitions than rows, repeat one with weight 0. Not thread-safe.
     */
    public final class Batch {
        private final BatchFeed feed;
        private final Map<String, TensorData> inputs = new LinkedHashMap<>();

        private Batch(Graph graph, Map<String, TensorData> others) {
            List<Value> own = List.of(state, next, inputScale, sampleCoefficient, modelCoefficient, sigma, bound);
            Set<String> ownNames = Stream.concat(own.stream().map(Value::label), Stream.of(ConsistencyModel.TIMESTEP))
                    .collect(Collectors.toSet());
            Set<String> factorNames = factors.stream().map(Value::label).collect(Collectors.toSet());
            List<Value> filled = new ArrayList<>(own);
            network.inputs().stream()
                    .filter(v -> !v.label().equals(ConsistencyModel.SAMPLE) && !factorNames.contains(v.label()))
                    .forEach(filled::add);
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
            feed.set(bound.label(), row, (float) step.bound());
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
