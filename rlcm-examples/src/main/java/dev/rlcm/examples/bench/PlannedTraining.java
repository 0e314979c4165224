package dev.rlcm.examples.bench;

import dev.rlcm.backend.AttentionForms;
import dev.rlcm.backend.ConvolutionForms;
import dev.rlcm.backend.MemoryPolicy;
import dev.rlcm.compilation.Lowering;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.lora.AdaptedGraph;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.lora.LoraInjection;
import dev.rlcm.mdp.LogProbReduction;
import dev.rlcm.onnx.CudaOptions;
import dev.rlcm.onnx.OrtOptions;
import dev.rlcm.onnx.memory.MemoryEstimate;
import dev.rlcm.policy.PolicyGraph;
import dev.rlcm.ppo.PolicyLosses;
import dev.rlcm.ppo.PolicyTerms;
import dev.rlcm.ppo.PpoConfig;
import dev.rlcm.precision.Precision;
import dev.rlcm.rewrite.Rewriter;
import dev.rlcm.rewrite.lowering.StandInWeights;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What training a network would hold in memory, in bytes, and what it took to find out.
 *
 * @param machine what it would run on
 * @param policy what memory would be spent on
 * @param parameters of the adapter
 * @param weights of the network, in the machine's precision, derived ones such as rotated kernels included, each as often as it is held
 * @param sampler the most that a forward pass holds besides
 * @param trainer the most that an update holds besides
 * @param training sampler and trainer in one process, text encoders and decoder left out
 * @param work the way to the graph of the update
 */
record PlannedTraining(
        Machine machine,
        MemoryPolicy policy,
        long parameters,
        long weights,
        long sampler,
        long trainer,
        long training,
        Work work) {
    /** In bytes. What is smaller may be read and converted. */
    private static final int LARGE = 1 << 16;

    /** Where a network would be trained, and in which precision. */
    enum Machine {
        /** A CPU computes in FLOAT32, and sampler and trainer share the weights. */
        CPU(Precision.FLOAT32, ConvolutionForms.BY_COST, AttentionForms.defaults()),
        /** On a GPU sampler and trainer have the weights in FLOAT16, each for itself. */
        GPU(
                Precision.FLOAT16,
                ConvolutionForms.DIRECT,
                AttentionForms.fused(CudaOptions.defaults().attentionSlice()));

        private final Precision precision;
        private final ConvolutionForms convolutions;
        private final AttentionForms attention;

        Machine(Precision precision, ConvolutionForms convolutions, AttentionForms attention) {
            this.precision = precision;
            this.convolutions = convolutions;
            this.attention = attention;
        }

        private Graph compute(Graph network) {
            return precision == Precision.FLOAT32 ? network : precision.of(halved(network));
        }
    }

    /**
     * Seconds of each stage, and nodes of the graph that comes out.
     *
     * @param adapting the network's precision and the adapter
     * @param forward lowering the forward pass
     * @param gradients loss and gradients
     * @param lowering of the update
     * @param planning of the memory
     */
    record Work(double adapting, double forward, double gradients, double lowering, double planning, int nodes) {}

    /**
     * Plans the update of PPO and the forward pass of its sampler.
     *
     * @param network in FLOAT32
     */
    static PlannedTraining of(Graph network, LoraConfig lora, Machine machine, MemoryPolicy policy) {
        Laps laps = new Laps();
        AdaptedGraph adapted = LoraInjection.inject(machine.compute(network), lora);
        double adapting = laps.next();
        StandInWeights weights = new StandInWeights();
        Lowering lowering = Lowering.of(policy)
                .withConvolutions(machine.convolutions)
                .withAttention(machine.attention)
                .withWeights(weights);
        Graph sampler = weights.replace(lowering.forward(adapted.graph()));
        double forward = laps.next();
        Graph joint = differentiated(adapted, lowering);
        double gradients = laps.next();
        Graph trainer = lowering.lower(joint);
        double lowered = laps.next();
        OrtOptions options = OrtOptions.defaults().withMemory(policy).withConvolutions(machine.convolutions);
        MemoryEstimate sampling = MemoryEstimate.of(List.of(sampler), options, weights.names());
        MemoryEstimate both = MemoryEstimate.of(List.of(sampler, trainer), options, weights.names());
        long held = both.weights();
        long process = MemoryEstimate.PROCESS + both.sessions();
        if (machine == Machine.GPU) {
            held = sampling.weights()
                    + MemoryEstimate.of(List.of(trainer), options, weights.names())
                            .weights();
            process = 0;
        }
        Work work = new Work(
                adapting,
                forward,
                gradients,
                lowered,
                laps.next(),
                trainer.topologicalOrder().size());
        return new PlannedTraining(
                machine,
                policy,
                adapted.factors().stream()
                        .mapToLong(factor -> factor.shape().size())
                        .sum(),
                held,
                sampling.activations(),
                both.activations() - sampling.activations(),
                held + both.activations() + both.ports() + process,
                work);
    }

    /** Weights and activations of networks that only run forward, in FLOAT32. */
    static long inference(List<Graph> networks) {
        StandInWeights weights = new StandInWeights();
        List<Graph> graphs = networks.stream().map(weights::replace).toList();
        MemoryEstimate estimate = MemoryEstimate.of(graphs, OrtOptions.defaults(), weights.names());
        return estimate.weights() + estimate.activations();
    }

    /** Seconds between calls. */
    private static final class Laps {
        private long start = System.nanoTime();

        double next() {
            long now = System.nanoTime();
            double seconds = (now - start) * 1e-9;
            start = now;
            return seconds;
        }
    }

    /** Loss and gradients of the clipped surrogate, as an optimiser builds them. */
    private static Graph differentiated(AdaptedGraph adapted, Lowering lowering) {
        PolicyGraph policy = PolicyGraph.of(adapted.graph(), adapted.factors(), LogProbReduction.MEAN);
        Shape perRow = Shape.of(policy.rows());
        PolicyTerms terms = new PolicyTerms(
                policy,
                policy.logProb(),
                Value.input("old_log_prob", DataType.FLOAT32, perRow),
                Value.input("advantage", DataType.FLOAT32, perRow),
                PpoConfig.defaults().clipRange());
        Value loss = PolicyLosses.clipped().of(terms).mean();
        Map<String, Value> gradients = new LinkedHashMap<>();
        adapted.factors().forEach(factor -> gradients.put("gradient." + factor.label(), factor));
        Graph forward = lowering.forward(Graph.of("loss", loss));
        return lowering.joint(forward, Map.of("loss", loss.like(1)), gradients);
    }

    /**
     * The network with large weights of FLOAT16: the first half of each weight's bytes under that type, which is another number, but
     * takes neither time nor memory.
     */
    private static Graph halved(Graph network) {
        return Rewriter.rewrite(network, value -> {
            if (!value.is(Op.CONSTANT)
                    || value.type() != DataType.FLOAT32
                    || value.data().bytes().remaining() < LARGE) {
                return value;
            }
            TensorData data = value.data();
            TensorData half = TensorData.wrap(
                    DataType.FLOAT16,
                    data.shape(),
                    data.bytes().limit(data.bytes().limit() / 2));
            return Value.constant(half, value.label()).cast(DataType.FLOAT32);
        });
    }

    /** Two tables: what planning took, and what was planned. */
    static void print(PrintWriter out, List<PlannedTraining> plans) {
        out.printf(
                "%n%-14s %10s %10s %10s %10s %10s %14s%n",
                "seconds", "adapter", "forward", "gradients", "lowering", "planning", "nodes");
        for (PlannedTraining plan : plans) {
            Work work = plan.work;
            out.printf(
                    Locale.ROOT,
                    "%-14s %10.2f %10.2f %10.2f %10.2f %10.2f %14d%n",
                    plan.name(),
                    work.adapting,
                    work.forward,
                    work.gradients,
                    work.lowering,
                    work.planning,
                    work.nodes);
        }
        out.printf(
                "%n%-14s %10s %10s %10s %10s %10s%n", "GB", "adapter", "weights", "sampling", "updating", "training");
        for (PlannedTraining plan : plans) {
            out.printf(
                    Locale.ROOT,
                    "%-14s %10.3f %10.2f %10.2f %10.2f %10.2f%n",
                    plan.name(),
                    plan.parameters * 4e-9,
                    plan.weights * 1e-9,
                    plan.sampler * 1e-9,
                    plan.trainer * 1e-9,
                    plan.training * 1e-9);
        }
        out.flush();
    }

    private String name() {
        return machine + " " + policy;
    }
}
