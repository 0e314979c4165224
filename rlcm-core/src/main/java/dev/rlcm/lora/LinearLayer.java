package dev.rlcm.lora;

import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import java.util.Optional;

/**
 * A product with a constant matrix on the right, x W of x [..., n, in], or on the left, W x of x [..., in, n]; either
 * operand may be transposed by flag.
 */
record LinearLayer(Value node, LoraSite site, int weightOperand) implements LoraLayer {
    static Optional<LoraLayer> at(Value node) {
        return weightOperand(node).flatMap(operand -> at(node, operand));
    }

    /** Which operand of a product is the constant matrix, if one is and the other is not constant. */
    static Optional<Integer> weightOperand(Value node) {
        int operand = isMatrix(node.in(1)) ? 1 : 0;
        boolean layer = isMatrix(node.in(operand))
                && !LoraLayer.source(node.in(1 - operand)).is(Op.CONSTANT);
        return layer ? Optional.of(operand) : Optional.empty();
    }

    private static Optional<LoraLayer> at(Value node, int operand) {
        Value weight = node.in(operand);
        int in = weight.dim(flag(node, operand) == (operand == 1) ? -1 : -2);
        int out = weight.dim(flag(node, operand) == (operand == 1) ? -2 : -1);
        return ModulePath.of(node, LoraLayer.source(weight))
                .map(path -> new LinearLayer(node, new LoraSite(path, in, out), operand));
    }

    /** Constant, with nothing but ones before its last two axes. */
    private static boolean isMatrix(Value value) {
        return LoraLayer.source(value).is(Op.CONSTANT)
                && value.type().isFloating()
                && value.rank() >= 2
                && value.shape().size() == (long) value.dim(-1) * value.dim(-2);
    }

    private static boolean flag(Value node, int operand) {
        return node.attributes().flag(operand == 0 ? "transA" : "transB");
    }

    @Override
    public boolean outputsFirst() {
        return flag(node, weightOperand) == (weightOperand == 1);
    }

    @Override
    public Value update(Value a, Value b) {
        Value x = node.in(1 - weightOperand);
        boolean transposed = flag(node, 1 - weightOperand);
        return weightOperand == 1
                ? x.matmul(a, transposed, true).matmul(b, false, true)
                : b.matmul(a.matmul(x, false, transposed));
    }
}
