package dev.rlcm.backend;

import dev.rlcm.graph.Value;
import java.util.List;

/** Computes a node's result from its operands. */
@FunctionalInterface
interface Kernel {
    /**
     * The result, of the node's shape. It may share its elements with an operand; operands are not changed.
     *
     * @param y the node: its shape, element type and attributes
     * @param in one tensor per operand
     */
    Tensor apply(Value y, List<Tensor> in);
}
