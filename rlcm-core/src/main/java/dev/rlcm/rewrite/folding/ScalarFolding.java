package dev.rlcm.rewrite.folding;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.ScalarFunctions;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.function.DoubleUnaryOperator;
import java.util.function.LongUnaryOperator;

/** Operators that map each element by itself: integers as longs, real numbers in double precision, rounded once. */
final class ScalarFolding {
    private ScalarFolding() {}

    static void addTo(Map<Op, Folder> table) {
        Set<Op> ops = EnumSet.copyOf(ScalarFunctions.ofReals());
        ops.addAll(ScalarFunctions.ofWholes());
        ops.forEach(op -> table.put(op, ScalarFolding::map));
        table.put(Op.IS_NAN, node -> reals(node, x -> Double.isNaN(x) ? 1 : 0));
        table.put(Op.CAST, ScalarFolding::cast);
    }

    private static TensorData map(Value node) {
        return node.type().isFloating()
                ? reals(node, ScalarFunctions.real(node.op(), node.attributes()))
                : wholes(node, ScalarFunctions.whole(node.op(), node.attributes()));
    }

    /** An integer goes to the narrower real types by way of float, without a double in between that would round twice. */
    private static TensorData cast(Value node) {
        DataType from = node.in(0).type();
        DataType to = node.type();
        if (from.isFloating()) {
            return reals(node, x -> x);
        }
        if (!to.isFloating()) {
            return wholes(node, x -> x);
        }
        TensorData x = node.in(0).data();
        return TensorData.generate(to, node.shape(), i -> to == DataType.FLOAT64 ? x.getLong(i) : (float) x.getLong(i));
    }

    private static TensorData reals(Value node, DoubleUnaryOperator f) {
        TensorData x = node.in(0).data();
        return TensorData.generate(node.type(), node.shape(), i -> f.applyAsDouble(x.getDouble(i)));
    }

    private static TensorData wholes(Value node, LongUnaryOperator f) {
        TensorData x = node.in(0).data();
        TensorData out = TensorData.zeros(node.type(), node.shape());
        for (int i = 0; i < out.size(); i++) {
            out.setLong(i, f.applyAsLong(x.getLong(i)));
        }
        return out;
    }
}
