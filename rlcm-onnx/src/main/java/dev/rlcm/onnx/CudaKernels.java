package dev.rlcm.onnx;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import java.util.EnumSet;
import java.util.Set;

/**
 * What ONNX Runtime's CUDA provider lacks for 16-bit numbers, in the forms and the opset that graphs are exported in.
 * FLOAT16 is complete. A test compares this with a table of the provider's kernels.
 */
final class CudaKernels {
    private static final Set<Op> WITHOUT_BFLOAT16 = EnumSet.of(
            Op.AVERAGE_POOL,
            Op.ARG_MAX,
            Op.ATAN,
            Op.CEIL,
            Op.CLIP,
            Op.CONV,
            Op.CONV_TRANSPOSE,
            Op.COS,
            Op.CUM_SUM,
            Op.ELU,
            Op.EQUAL,
            Op.FLOOR,
            Op.GREATER,
            Op.GREATER_OR_EQUAL,
            Op.GROUP_NORM,
            Op.INSTANCE_NORM,
            Op.LEAKY_RELU,
            Op.LESS,
            Op.LESS_OR_EQUAL,
            Op.LOG,
            Op.LOG_SOFTMAX,
            Op.MAX_POOL,
            Op.MOD,
            Op.PAD,
            Op.REDUCE_MAX,
            Op.REDUCE_MEAN,
            Op.REDUCE_MIN,
            Op.REDUCE_PROD,
            Op.RESIZE,
            Op.ROUND,
            Op.SIN,
            Op.SOFTPLUS);

    private CudaKernels() {}

    /** Whether a node has to be computed in another type. */
    static boolean lacks(Value node) {
        boolean brain =
                node.type() == DataType.BFLOAT16 || node.inputs().stream().anyMatch(v -> v.type() == DataType.BFLOAT16);
        return brain && WITHOUT_BFLOAT16.contains(node.op());
    }
}
