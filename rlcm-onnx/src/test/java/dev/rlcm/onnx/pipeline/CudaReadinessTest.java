package dev.rlcm.onnx.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.ModelProto;
import dev.rlcm.backend.AttentionForms;
import dev.rlcm.backend.Backend;
import dev.rlcm.backend.Executable;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.onnx.CudaKernelTable;
import dev.rlcm.onnx.CudaOptions;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.PlainSession;
import dev.rlcm.onnx.exporter.WeightStore;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.ppo.PolicyLosses;
import dev.rlcm.ppo.PpoConfig;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.precision.Precision;
import dev.rlcm.random.RandomStreams;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** All graphs of a training run, as they are compiled: what a GPU would have to run. */
class CudaReadinessTest {
    /** A graph that was compiled, and what it was last run on. */
    private record Compiled(Graph graph, Map<String, TensorData> inputs, Executable executable) implements Executable {
        @Override
        public Map<String, TensorData> run(Map<String, TensorData> given) {
            inputs.putAll(given);
            return executable.run(given);
        }

        @Override
        public void run(Map<String, TensorData> given, Map<String, TensorData> outputs) {
            inputs.putAll(given);
            executable.run(given, outputs);
        }

        @Override
        public void close() {
            executable.close();
        }
    }

    /** Remembers what it compiles. */
    private record Recording(Backend backend, List<Compiled> graphs) implements Backend {
        @Override
        public Executable compile(Graph graph) {
            Compiled compiled = new Compiled(graph, new HashMap<>(), backend.compile(graph));
            graphs.add(compiled);
            return compiled;
        }

        /** As on CUDA, where an update keeps attention in one piece. */
        @Override
        public AttentionForms attentionForms() {
            return AttentionForms.fused(1 << 24);
        }

        @Override
        public void close() {
            backend.close();
        }
    }

    private static List<Compiled> graphs(Precision precision) throws IOException {
        List<Compiled> graphs = new ArrayList<>();
        try (Backend backend = new Recording(OrtBackend.cpu(2), graphs)) {
            LatentConsistencyModel model =
                    LatentConsistencyModel.load(Models.EMOJI, backend).withPrecision(precision);
            ConsistencyPolicy policy =
                    model.policy(LoraConfig.rank(4), SamplingPlan.steps(2).withBatch(1));
            policy.adapter()
                    .sites()
                    .forEach(site -> perturb(policy.adapter().tensors().get(site.keyB())));
            PpoConfig config = PpoConfig.defaults().withMinibatch(1);
            PpoOptimizer ppo =
                    PpoOptimizer.of(policy, config, PolicyLosses.clipped().plus(0.1, PolicyLosses.klToBase()));
            ppo.update(policy.rollout(List.of("a cat"), RandomStreams.seeded(1)), new double[] {1});
        }
        assertThat(graphs).hasSize(4); // text encoder, sampler, image decoder, update
        return graphs;
    }

    private static void perturb(TensorData factor) {
        for (int i = 0; i < factor.size(); i++) {
            factor.setDouble(i, 0.02 * Math.sin(i));
        }
    }

    @ParameterizedTest
    @EnumSource(Precision.class)
    void everyOperatorOfATrainingRunHasACudaKernel(Precision precision) throws IOException {
        CudaKernelTable kernels = new CudaKernelTable();
        for (Compiled compiled : graphs(precision)) {
            assertThat(kernels.missing(compiled.graph())).isEmpty();
        }
    }

    /** Run on the CPU, which has kernels for all forms but one. Rounding alone makes gradients of queries differ by up to 1.3e-4. */
    @Test
    void whatIsWrittenForCudaIsTheSameFunction() throws Exception {
        Set<CudaOptions.Form> forms = EnumSet.complementOf(EnumSet.of(CudaOptions.Form.GROUP_NORM));
        int attentions = 0;
        for (Compiled compiled : graphs(Precision.FLOAT32)) {
            ModelProto model = CudaKernelTable.export(compiled.graph(), forms, WeightStore.inline());
            attentions += model.getGraph().getNodeList().stream()
                    .filter(node -> node.getOpType().equals("MultiHeadAttention"))
                    .count();
            try (PlainSession written = new PlainSession(model.toByteArray());
                    OrtBackend backend = OrtBackend.cpu(2)) {
                Map<String, TensorData> actual = written.run(compiled.inputs());
                Map<String, TensorData> expected =
                        backend.compile(compiled.graph()).run(compiled.inputs());
                expected.forEach((name, tensor) ->
                        assertThat(l2(Map.of(name, tensor), actual)).as(name).isLessThan(5e-4));
                assertThat(l2(expected, actual)).as("all outputs").isLessThan(2e-5);
            }
        }
        assertThat(attentions).as("those of the sampler and of the update").isGreaterThan(1);
    }

    /** |actual - expected| / |expected|, over all that is expected */
    private static double l2(Map<String, TensorData> expected, Map<String, TensorData> actual) {
        double difference = 0;
        double norm = 0;
        for (Map.Entry<String, TensorData> entry : expected.entrySet()) {
            TensorData other = actual.get(entry.getKey());
            for (int i = 0; i < other.size(); i++) {
                double value = entry.getValue().getDouble(i);
                difference += Math.pow(other.getDouble(i) - value, 2);
                norm += Math.pow(value, 2);
            }
        }
        return difference == 0 ? 0 : Math.sqrt(difference / norm);
    }
}
