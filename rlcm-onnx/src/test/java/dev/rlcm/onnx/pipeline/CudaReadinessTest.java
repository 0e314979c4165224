package dev.rlcm.onnx.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.backend.AttentionForms;
import dev.rlcm.backend.Backend;
import dev.rlcm.backend.Executable;
import dev.rlcm.graph.Graph;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.onnx.CudaKernelTable;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.ppo.PolicyLosses;
import dev.rlcm.ppo.PpoConfig;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.precision.Precision;
import dev.rlcm.random.RandomStreams;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** All graphs of a training run, as they are compiled: what a GPU would have to run. */
class CudaReadinessTest {
    /** Remembers what it compiles. */
    private record Recording(Backend backend, List<Graph> graphs) implements Backend {
        @Override
        public Executable compile(Graph graph) {
            graphs.add(graph);
            return backend.compile(graph);
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

    @ParameterizedTest
    @EnumSource(Precision.class)
    void everyOperatorOfATrainingRunHasACudaKernel(Precision precision) throws IOException {
        List<Graph> graphs = new ArrayList<>();
        try (Backend backend = new Recording(OrtBackend.cpu(2), graphs)) {
            LatentConsistencyModel model =
                    LatentConsistencyModel.load(Models.EMOJI, backend).withPrecision(precision);
            ConsistencyPolicy policy =
                    model.policy(LoraConfig.rank(4), SamplingPlan.steps(2).withBatch(1));
            PpoConfig config = PpoConfig.defaults().withMinibatch(1);
            PpoOptimizer ppo =
                    PpoOptimizer.of(policy, config, PolicyLosses.clipped().plus(0.1, PolicyLosses.klToBase()));
            ppo.update(policy.rollout(List.of("a cat"), RandomStreams.seeded(1)), new double[] {1});
        }
        CudaKernelTable kernels = new CudaKernelTable();
        assertThat(graphs).hasSize(4); // text encoder, sampler, image decoder, update
        for (Graph graph : graphs) {
            assertThat(kernels.missing(graph)).isEmpty();
        }
    }
}
