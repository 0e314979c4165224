package dev.rlcm.autodiff;

import dev.rlcm.graph.Value;
import java.util.List;

/** How the gradient of a node's result becomes that of its operands: one row of the table. */
@FunctionalInterface
interface GradientRule {
    /**
     * The vector-Jacobian products of a node.
     *
     * <p>A rule need not ask which of them are wanted: what no result depends on is never part of a graph. Nor need it
     * mind broadcasting: a product may have the shape that its operand was broadcast to, or extent 1 on an axis along
     * which it is constant.
     *
     * @param y the node
     * @param g dL/dy, of y's type and shape
     * @return dL/dx for each operand x that holds real numbers, in order (integers and booleans have no entry); entries
     *     for optional operands that y does not have are ignored
     */
    List<Value> apply(Value y, Value g);
}
