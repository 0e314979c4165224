package dev.rlcm.compilation;

import dev.rlcm.autodiff.Gradients;
import dev.rlcm.autodiff.RecomputationPolicy;
import dev.rlcm.backend.AttentionForms;
import dev.rlcm.backend.Backend;
import dev.rlcm.backend.ConvolutionForms;
import dev.rlcm.backend.MemoryPolicy;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.Rewriter;
import dev.rlcm.rewrite.convolution.FilteringPlan;
import dev.rlcm.rewrite.convolution.FilteringPlan.Budget;
import dev.rlcm.rewrite.convolution.FilteringPlan.Use;
import dev.rlcm.rewrite.convolution.LeftWeights;
import dev.rlcm.rewrite.folding.ConstantFolding;
import dev.rlcm.rewrite.lowering.CommonSubexpressions;
import dev.rlcm.rewrite.lowering.Decompositions;
import dev.rlcm.rewrite.lowering.LowRankProducts;
import dev.rlcm.rewrite.lowering.LoweredWeights;
import dev.rlcm.rewrite.lowering.ProductSlices;
import dev.rlcm.rewrite.lowering.RotatedKernels;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The recipe from an expression to the graph that a backend compiles, in three stages:
 *
 * <ol>
 *   <li>{@link #forward} rewrites the expression before gradients are taken, so that sampler and trainer run the same
 *       products;
 *   <li>{@link #joint} adds the gradients;
 *   <li>{@link #lower} shares work between the two passes.
 * </ol>
 *
 * <p>Samplers compile the first stage, optimisers all three, {@link #update}; networks that are never differentiated are compiled
 * by {@link #inference} alone. Checks and measurements take the same ones, so
 * that they speak of the graphs that run. Every stage gives the same function up to rounding. Immutable; thread-safe if its
 * weights are.
 */
public final class Lowering {
    private static final Logger log = LoggerFactory.getLogger(Lowering.class);

    private static final Budget FAST_KERNELS = new Budget(1, 1L << 29);
    private static final Budget BALANCED_KERNELS = new Budget(0, 1L << 28);

    private final MemoryPolicy memory;
    private final ConvolutionForms convolutions;
    private final AttentionForms attention;
    private final LoweredWeights weights;

    private Lowering(
            MemoryPolicy memory, ConvolutionForms convolutions, AttentionForms attention, LoweredWeights weights) {
        this.memory = memory;
        this.convolutions = convolutions;
        this.attention = attention;
        this.weights = weights;
    }

    /** The recipe for a backend, whose graphs share derived weights. */
    public static Lowering of(Backend backend) {
        return new Lowering(
                backend.memoryPolicy(),
                backend.convolutionForms(),
                backend.attentionForms(),
                new SharedWeights(backend.derivedWeights()));
    }

    /** The recipe for a backend with that {@linkplain Backend#memoryPolicy policy} and otherwise the defaults of {@link Backend}. */
    public static Lowering of(MemoryPolicy memory) {
        return new Lowering(memory, ConvolutionForms.DIRECT, AttentionForms.defaults(), LoweredWeights.computed());
    }

    public Lowering withConvolutions(ConvolutionForms newConvolutions) {
        return new Lowering(memory, newConvolutions, attention, weights);
    }

    public Lowering withAttention(AttentionForms newAttention) {
        return new Lowering(memory, convolutions, newAttention, weights);
    }

    /** The recipe with weights from elsewhere. */
    public Lowering withWeights(LoweredWeights newWeights) {
        return new Lowering(memory, convolutions, attention, newWeights);
    }

    /**
     * Replaces products and convolutions by others that are faster. A rewrite that changes the number or the form of products
     * belongs here.
     *
     * @return a graph on the same inputs, the same objects, so that it can be differentiated by them
     */
    public Graph forward(Graph expression) {
        return filtered(convolutionsOfForward(expression));
    }

    /** Which convolutions {@link #forward} computes by minimal filtering. */
    public FilteringPlan convolutionsOfForward(Graph expression) {
        return plan(ProductSlices.push(LowRankProducts.merge(expression)), Use.GRADIENTS);
    }

    /**
     * A network that is only run forward, such as a decoder of pictures, with convolutions that are faster. Other products
     * stay as they are.
     *
     * @return a graph on the same inputs, the same objects
     */
    public Graph inference(Graph network) {
        return filtered(convolutionsOfInference(network));
    }

    /** Which convolutions {@link #inference} computes by minimal filtering. */
    public FilteringPlan convolutionsOfInference(Graph network) {
        return plan(network, Use.INFERENCE);
    }

    private FilteringPlan plan(Graph graph, Use use) {
        return switch (convolutions) {
            case DIRECT -> FilteringPlan.direct(graph, use);
            case BY_COST -> switch (memory) {
                case FAST -> FilteringPlan.byCost(graph, use, FAST_KERNELS);
                case BALANCED -> FilteringPlan.byCost(graph, use, BALANCED_KERNELS);
                case SMALL -> FilteringPlan.direct(graph, use);
            };
            case FILTERED -> FilteringPlan.everywhere(graph, use);
        };
    }

    private Graph filtered(FilteringPlan plan) {
        if (log.isDebugEnabled()) {
            plan.lines().forEach(log::debug);
        }
        return plan.apply(weights);
    }

    /**
     * The graph with its gradients as further outputs: those of the sum of {@code output * upstream} over the outputs that
     * have an upstream gradient. Unless memory is {@link MemoryPolicy#SMALL}, gradients refer to all values of the forward
     * pass.
     *
     * @param upstream by the output's name, a value of its type and shape
     * @param wrt what to differentiate by, inputs of the graph as a rule, by the name of the output for its gradient
     * @return a graph with the inputs of the given one and then those of {@code upstream}
     * @throws GraphException if there is no output of a name, if the graph has an output of a gradient's name already, or
     *     if an operator on the way has no gradient
     */
    public Graph joint(Graph forward, Map<String, Value> upstream, Map<String, Value> wrt) {
        List<Value> roots = upstream.keySet().stream().map(forward::output).toList();
        List<Value> gradients = Gradients.of(
                roots, List.copyOf(upstream.values()), List.copyOf(wrt.values()), recomputation(), attentionSlice());
        Map<String, Value> outputs = new LinkedHashMap<>(forward.outputs());
        int next = 0;
        for (String name : wrt.keySet()) {
            if (outputs.putIfAbsent(name, gradients.get(next++)) != null) {
                throw new GraphException("the graph already has an output named " + name);
            }
        }
        return new Graph(inputs(forward, upstream.values()), outputs);
    }

    private static List<Value> inputs(Graph forward, Collection<Value> upstream) {
        LinkedHashSet<Value> inputs = new LinkedHashSet<>(forward.inputs());
        Graph.topologicalOrder(upstream).stream().filter(v -> v.is(Op.INPUT)).forEach(inputs::add);
        return new ArrayList<>(inputs);
    }

    /**
     * A joint graph as it is compiled: composites whose intermediate values serve the gradients are written out, input
     * gradients of convolutions become convolutions, weights on the left of products are transposed once, constants are folded,
     * and equal expressions merged. With {@link MemoryPolicy#SMALL} the first three, which cost memory, are left out.
     */
    public Graph lower(Graph joint) {
        Graph faster = isSmall()
                ? joint
                : LeftWeights.transpose(
                        RotatedKernels.apply(Decompositions.decompose(joint, this::sharesForward), weights), weights);
        Graph weighted = Rewriter.rewrite(faster, value -> value.is(Op.CONSTANT) ? weights.own(value) : value);
        return CommonSubexpressions.merge(ConstantFolding.apply(weighted));
    }

    /** All stages: what an optimiser compiles. For the arguments see {@link #joint}. */
    public Graph update(Graph expression, Map<String, Value> upstream, Map<String, Value> wrt) {
        return lower(joint(forward(expression), upstream, wrt));
    }

    private boolean sharesForward(Value composite) {
        boolean stays = attention.fused() && composite.is(Op.ATTENTION);
        return !stays && Gradients.shareForward(composite, attentionSlice());
    }

    private long attentionSlice() {
        return attention.slice().orElse(Gradients.ATTENTION_SLICE);
    }

    private RecomputationPolicy recomputation() {
        return isSmall() ? RecomputationPolicy.insideBlocks() : RecomputationPolicy.none();
    }

    private boolean isSmall() {
        return memory == MemoryPolicy.SMALL;
    }
}
