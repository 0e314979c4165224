package dev.rlcm.onnx.exporter;

import ai.onnx.proto.OnnxMl.AttributeProto;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Value;
import java.util.List;

/**
 * Products as FusedMatMul, which takes transposes and a factor.
 *
 * @param turnsTall whether a tall A^T B, as the gradients of low-rank factors are, is written as (B^T A)^T, which takes CPUs
 *     half the time
 */
record FusedProducts(boolean turnsTall) implements Form {
    /** Elements of a matrix, up to which a product with its transpose costs less than another node. */
    private static final int SMALL_MATRIX = 1 << 14;

    @Override
    public Graph afterDecomposition(Graph graph) {
        return ScaledOperand.scaleBeforeProducts(graph);
    }

    @Override
    public void plan(Graph graph, ExportPlan plan) {
        for (Value value : graph.topologicalOrder()) {
            if (ScaledOperand.isTakenBy(value)) {
                ScaledOperand first = ScaledOperand.of(value.in(0));
                ScaledOperand second = ScaledOperand.of(value.in(1));
                plan.write(value, List.of(first.matrix(), second.matrix()), e -> product(e, first, second));
            }
        }
    }

    private void product(Emitter e, ScaledOperand first, ScaledOperand second) {
        Value value = e.value();
        boolean transA = value.attributes().flag("transA");
        boolean transB = value.attributes().flag("transB");
        String a = e.name(first.matrix());
        String b = e.name(second.matrix());
        AttributeProto alpha = OnnxAttributes.real("alpha", first.factor() * second.factor());
        if (!transA && !transB && alpha.getF() == 1) {
            e.result("MatMul", List.of(a, b));
        } else if (turnsTall && transA && isTall(value)) {
            String wide = e.contribNode("FusedMatMul", List.of(b, a), OnnxAttributes.flag("transA", !transB), alpha);
            e.result("Transpose", List.of(wide), OnnxAttributes.ints("perm", 1, 0));
        } else {
            e.contrib(
                    "FusedMatMul",
                    List.of(a, b),
                    OnnxAttributes.flag("transA", transA),
                    OnnxAttributes.flag("transB", transB),
                    alpha);
        }
    }

    private static boolean isTall(Value product) {
        return product.in(0).rank() == 2
                && product.in(1).rank() == 2
                && product.in(0).shape().size() > SMALL_MATRIX
                && product.dim(0) > product.dim(1);
    }
}
