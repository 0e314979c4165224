package dev.rlcm.rewrite.folding;

import dev.rlcm.graph.Op;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.Map;
import java.util.function.DoubleBinaryOperator;
import java.util.function.LongBinaryOperator;

/**
 * Elementwise operators on broadcast operands. Integers and booleans are computed as longs and wrap around at their
 * type's width; real numbers are computed in double precision and rounded once to their type, which for the four basic
 * operations on FLOAT32 is the correctly rounded result (Figueroa, "When is double rounding innocuous?", 1995).
 */
final class BroadcastFolding {
    private BroadcastFolding() {}

    private interface RealRelation {
        boolean holds(double a, double b);
    }

    private interface WholeRelation {
        boolean holds(long a, long b);
    }

    private interface ElementRule {
        void put(TensorData result, int i, int a, int b);
    }

    static void addTo(Map<Op, Folder> table) {
        table.put(Op.ADD, arithmetic((a, b) -> a + b, (a, b) -> a + b));
        table.put(Op.SUB, arithmetic((a, b) -> a - b, (a, b) -> a - b));
        table.put(Op.MUL, arithmetic((a, b) -> a * b, (a, b) -> a * b));
        table.put(Op.DIV, arithmetic((a, b) -> a / b, (a, b) -> a / b));
        table.put(Op.POW, arithmetic(Math::pow, BroadcastFolding::power));
        table.put(Op.MIN, arithmetic(Math::min, Math::min));
        table.put(Op.MAX, arithmetic(Math::max, Math::max));
        table.put(Op.MOD, arithmetic(BroadcastFolding::remainder, Math::floorMod));

        table.put(Op.EQUAL, relation((a, b) -> a == b, (a, b) -> a == b));
        table.put(Op.LESS, relation((a, b) -> a < b, (a, b) -> a < b));
        table.put(Op.LESS_OR_EQUAL, relation((a, b) -> a <= b, (a, b) -> a <= b));
        table.put(Op.GREATER, relation((a, b) -> a > b, (a, b) -> a > b));
        table.put(Op.GREATER_OR_EQUAL, relation((a, b) -> a >= b, (a, b) -> a >= b));

        table.put(Op.AND, node -> wholes(node, (a, b) -> a & b));
        table.put(Op.OR, node -> wholes(node, (a, b) -> a | b));
        table.put(Op.XOR, node -> wholes(node, (a, b) -> a ^ b));
        table.put(Op.WHERE, BroadcastFolding::where);
    }

    /** Exact, where {@code Math.pow} loses digits above 2^53; too large a result is left to the runtime. */
    private static long power(long base, long exponent) {
        if (exponent < 0) {
            return switch ((int) Math.max(-2, Math.min(base, 2))) {
                case 0 -> throw new ArithmeticException("0 to a negative power");
                case 1 -> 1;
                case -1 -> exponent % 2 == 0 ? 1 : -1;
                default -> 0;
            };
        }
        long result = 1;
        long square = base;
        for (long rest = exponent; rest > 0; rest >>= 1) {
            result = (rest & 1) == 1 ? Math.multiplyExact(result, square) : result;
            square = rest > 1 ? Math.multiplyExact(square, square) : square;
        }
        return result;
    }

    /** Python's remainder: that of the truncated quotient, moved to the sign of the divisor. */
    private static double remainder(double a, double b) {
        double r = a % b;
        return r != 0 && (r < 0) != (b < 0) ? r + b : r;
    }

    private static Folder arithmetic(DoubleBinaryOperator f, LongBinaryOperator g) {
        return node -> node.type().isFloating() ? reals(node, f) : wholes(node, g);
    }

    private static TensorData reals(Value node, DoubleBinaryOperator f) {
        TensorData x = node.in(0).data();
        TensorData y = node.in(1).data();
        return each(node, (out, i, a, b) -> out.setDouble(i, f.applyAsDouble(x.getDouble(a), y.getDouble(b))));
    }

    private static TensorData wholes(Value node, LongBinaryOperator f) {
        TensorData x = node.in(0).data();
        TensorData y = node.in(1).data();
        return each(node, (out, i, a, b) -> out.setLong(i, f.applyAsLong(x.getLong(a), y.getLong(b))));
    }

    private static Folder relation(RealRelation f, WholeRelation g) {
        return node -> {
            TensorData x = node.in(0).data();
            TensorData y = node.in(1).data();
            boolean real = x.type().isFloating();
            return each(node, (out, i, a, b) -> {
                boolean holds = real ? f.holds(x.getDouble(a), y.getDouble(b)) : g.holds(x.getLong(a), y.getLong(b));
                out.setLong(i, holds ? 1 : 0);
            });
        };
    }

    private static TensorData each(Value node, ElementRule rule) {
        TensorData out = TensorData.zeros(node.type(), node.shape());
        StridedLoop loop =
                new StridedLoop(node.shape(), StridedLoop.dense(node.shape()), strides(node, 0), strides(node, 1));
        int a = loop.rowStride(1);
        int b = loop.rowStride(2);
        loop.forEachRow(at -> {
            for (int j = 0; j < loop.rowLength(); j++) {
                rule.put(out, at[0] + j, at[1] + j * a, at[2] + j * b);
            }
        });
        return out;
    }

    private static TensorData where(Value node) {
        TensorData condition = node.in(0).data();
        TensorData yes = node.in(1).data();
        TensorData no = node.in(2).data();
        TensorData out = TensorData.zeros(node.type(), node.shape());
        StridedLoop loop = new StridedLoop(
                node.shape(), StridedLoop.dense(node.shape()), strides(node, 0), strides(node, 1), strides(node, 2));
        loop.forEachRow(at -> {
            for (int j = 0; j < loop.rowLength(); j++) {
                boolean chosen = condition.getLong(at[1] + j * loop.rowStride(1)) != 0;
                TensorData source = chosen ? yes : no;
                int from = chosen ? at[2] + j * loop.rowStride(2) : at[3] + j * loop.rowStride(3);
                if (node.type().isFloating()) {
                    out.setDouble(at[0] + j, source.getDouble(from));
                } else {
                    out.setLong(at[0] + j, source.getLong(from));
                }
            }
        });
        return out;
    }

    private static int[] strides(Value node, int operand) {
        return StridedLoop.broadcast(node.in(operand).shape(), node.shape());
    }
}
