package dev.rlcm.lora;

import dev.rlcm.graph.Op;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.rewrite.folding.ConstantFolding;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A node of a graph that is a layer with frozen weights, in one of the forms that exports have for it. */
interface LoraLayer {
    /** The layer that the node is, if it is one: it has to have a constant weight and be of a form that can be adapted. */
    static Optional<LoraLayer> at(Value node) {
        return switch (node.op()) {
            case MATMUL -> LinearLayer.at(node);
            case CONV -> ConvolutionLayer.at(node);
            default -> Optional.empty();
        };
    }

    Value node();

    LoraSite site();

    /** Which operand of the node is the weight. */
    int weightOperand();

    /** Whether the weight is stored [out, in, kernel...] rather than [in, out]. */
    boolean outputsFirst();

    /** B A x, of the node's type and shape up to broadcasting; the factors are of the node's type. */
    Value update(Value a, Value b);

    /** The weight as the node sees it. */
    default TensorData weight() {
        return folded(node().in(weightOperand())).data();
    }

    /** The node with another weight of the same type and shape. */
    default Value with(TensorData weight) {
        List<Value> operands = new ArrayList<>(node().inputs());
        String label = source(node().in(weightOperand())).label();
        operands.set(weightOperand(), Value.constant(weight, label));
        return Value.of(node().op(), node().attributes(), operands, node().label());
    }

    /** What a weight is made of: the operand without casts and rearrangements on top; a CONSTANT if it is frozen. */
    static Value source(Value operand) {
        Value source = operand;
        while (source.is(Op.CAST) || source.is(Op.TRANSPOSE) || source.is(Op.RESHAPE)) {
            source = source.in(0);
        }
        return source;
    }

    private static Value folded(Value weight) {
        if (weight.is(Op.CONSTANT)) {
            return weight;
        }
        return ConstantFolding.fold(weight.withInputs(List.of(folded(weight.in(0)))));
    }
}
