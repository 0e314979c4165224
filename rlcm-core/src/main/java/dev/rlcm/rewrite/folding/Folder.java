package dev.rlcm.rewrite.folding;

import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;

/** Evaluates one operator on constants. */
interface Folder {
    /**
     * The node's value, of its type and shape; all its operands are CONSTANT.
     *
     * @throws ArithmeticException if it has none: a division by zero, an index out of range
     */
    TensorData fold(Value node);
}
