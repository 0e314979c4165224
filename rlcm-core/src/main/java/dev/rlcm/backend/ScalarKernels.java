package dev.rlcm.backend;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.ScalarFunctions;
import dev.rlcm.graph.Value;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.DoublePredicate;
import java.util.function.LongUnaryOperator;

/** Operators that map each element by itself. */
final class ScalarKernels {
    private ScalarKernels() {}

    static void addTo(Map<Op, Kernel> table) {
        Set<Op> ops = EnumSet.copyOf(ScalarFunctions.ofReals());
        ops.addAll(ScalarFunctions.ofWholes());
        ops.forEach(op -> table.put(op, ScalarKernels::map));
        table.put(Op.IS_NAN, (y, in) -> test(in.get(0), Double::isNaN));
        table.put(Op.CAST, (y, in) -> cast(in.get(0), y.type()));
    }

    private static Tensor map(Value y, List<Tensor> in) {
        Tensor x = in.get(0);
        return x.isReal()
                ? Tensor.reals(
                        x.shape(),
                        Arrays.stream(x.reals())
                                .map(ScalarFunctions.real(y.op(), y.attributes()))
                                .toArray())
                : mapWholes(x, ScalarFunctions.whole(y.op(), y.attributes()));
    }

    /** Narrower real types are not rounded to: the reference is double precision throughout. */
    private static Tensor cast(Tensor x, DataType to) {
        if (to == DataType.BOOL) {
            return x.isReal() ? test(x, v -> v != 0) : mapWholes(x, v -> v == 0 ? 0 : 1);
        }
        if (x.isReal() == to.isFloating()) {
            return x.copy();
        }
        return x.isReal()
                ? Tensor.wholes(
                        x.shape(),
                        Arrays.stream(x.reals()).mapToLong(v -> (long) v).toArray())
                : Tensor.reals(
                        x.shape(), Arrays.stream(x.wholes()).asDoubleStream().toArray());
    }

    private static Tensor mapWholes(Tensor x, LongUnaryOperator f) {
        return Tensor.wholes(x.shape(), Arrays.stream(x.wholes()).map(f).toArray());
    }

    private static Tensor test(Tensor x, DoublePredicate p) {
        return Tensor.wholes(
                x.shape(),
                Arrays.stream(x.reals()).mapToLong(v -> p.test(v) ? 1 : 0).toArray());
    }
}
