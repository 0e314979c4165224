package dev.rlcm.backend;

import dev.rlcm.graph.Op;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/** The kernel of every operator but INPUT, which is fed. */
final class Kernels {
    static final Map<Op, Kernel> TABLE = table();

    private Kernels() {}

    private static Map<Op, Kernel> table() {
        Map<Op, Kernel> table = new EnumMap<>(Op.class);
        table.put(Op.CONSTANT, (y, in) -> Tensor.of(y.data()));
        ScalarKernels.addTo(table);
        BroadcastKernels.addTo(table);
        ShapeKernels.addTo(table);
        IndexingKernels.addTo(table);
        ReductionKernels.addTo(table);
        MatrixKernels.addTo(table);
        NormalisationKernels.addTo(table);
        WindowKernels.addTo(table);
        return Collections.unmodifiableMap(table);
    }
}
