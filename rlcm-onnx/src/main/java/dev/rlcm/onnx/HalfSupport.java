package dev.rlcm.onnx;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.TensorData;
import dev.rlcm.precision.Widening;
import dev.rlcm.rewrite.lowering.Decompositions;
import java.lang.ref.WeakReference;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;

/**
 * Rewrites graphs for a provider that cannot compute everything in 16 bits. Weights that have to be FLOAT32 are converted
 * once for all graphs that share them, and freed with them. Thread-safe.
 */
final class HalfSupport {
    /** What a provider does with 16-bit numbers. */
    enum Provider {
        /** ONNX Runtime's CPU provider has next to no kernels: everything is computed in FLOAT32. */
        CPU,
        /** The same, each result rounded as a device would. */
        CPU_ROUNDING,
        /** CUDA has nearly all kernels. */
        CUDA
    }

    private final Provider provider;
    private final Map<TensorData, WeakReference<TensorData>> converted = new WeakHashMap<>();

    HalfSupport(Provider provider) {
        this.provider = provider;
    }

    Graph prepare(Graph graph) {
        boolean plain =
                graph.topologicalOrder().stream().noneMatch(v -> v.type().isHalf());
        if (plain) {
            return graph;
        }
        return switch (provider) {
            case CPU -> Widening.widen(graph, value -> true, this::single);
                // Attention is several operators, and each of them rounds.
            case CPU_ROUNDING -> Widening.emulate(Decompositions.decompose(graph, Set.of(Op.ATTENTION)), this::single);
            case CUDA -> Widening.widen(graph, CudaKernels::lacks, this::single);
        };
    }

    private synchronized TensorData single(TensorData data) {
        WeakReference<TensorData> reference = converted.get(data);
        TensorData known = reference == null ? null : reference.get();
        if (known == null) {
            known = data.cast(DataType.FLOAT32);
            converted.put(data, new WeakReference<>(known));
        }
        return known;
    }
}
