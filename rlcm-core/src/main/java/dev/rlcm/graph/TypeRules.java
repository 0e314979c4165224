package dev.rlcm.graph;

import static dev.rlcm.graph.Op.*;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** What every operator demands of its operands and the type of its result: one row per operator. */
final class TypeRules {
    private static final Map<Op, Row> TABLE = new EnumMap<>(Op.class);

    private TypeRules() {}

    private interface Rule {
        TensorType infer(Attributes attributes, List<Value> in);
    }

    private record Row(int minInputs, int maxInputs, Rule rule) {}

    static {
        for (Op op : List.of(ADD, SUB, MUL, DIV, POW, MIN, MAX, MOD)) {
            row(op, 2, (a, in) -> new TensorType(number(sameType(in)), broadcast(in)));
        }
        for (Op op : List.of(EQUAL, LESS, LESS_OR_EQUAL, GREATER, GREATER_OR_EQUAL)) {
            row(op, 2, (a, in) -> new TensorType(bool(sameType(in)), broadcast(in)));
        }
        for (Op op : List.of(AND, OR, XOR)) {
            row(op, 2, (a, in) -> new TensorType(require(sameType(in), DataType.BOOL), broadcast(in)));
        }
        row(AFTER, 2, (a, in) -> {
            demand(in.get(0).rank() > 0, "takes no scalars");
            return like(in, shape(in, 0));
        });
        row(WHERE, 3, (a, in) -> {
            require(in.get(0).type(), DataType.BOOL);
            return new TensorType(sameType(in.subList(1, 3)), broadcast(in));
        });
        row(NOT, 1, (a, in) -> new TensorType(require(in.get(0).type(), DataType.BOOL), shape(in, 0)));
        for (Op op : List.of(NEG, ABS, SIGN, RELU)) {
            row(op, 1, (a, in) -> new TensorType(number(in.get(0).type()), shape(in, 0)));
        }
        for (Op op : List.of(EXP, LOG, SQRT, SIN, COS, ATAN, TANH, SIGMOID, ERF, FLOOR, CEIL, ROUND, SOFTPLUS)) {
            row(op, 1, (a, in) -> real(in));
        }
        row(STOP_GRADIENT, 1, (a, in) -> real(in));
        row(IS_NAN, 1, (a, in) -> new TensorType(bool(real(in).type()), shape(in, 0)));
        for (Op op : List.of(LEAKY_RELU, ELU, SWISH)) {
            row(op, 1, (a, in) -> with(a.real("alpha"), real(in)));
        }
        row(GELU, 1, (a, in) -> {
            demand(List.of("none", "tanh").contains(a.text("approximate")), "approximate must be none or tanh");
            return real(in);
        });
        row(CLIP, 1, (a, in) -> {
            demand(a.real("min") <= a.real("max"), "min exceeds max");
            return new TensorType(number(in.get(0).type()), shape(in, 0));
        });
        row(CAST, 1, (a, in) -> new TensorType(a.type("to"), shape(in, 0)));

        row(RESHAPE, 1, (a, in) -> {
            Shape target = Shape.of(a.ints("shape"));
            demand(target.size() == shape(in, 0).size(), "cannot reshape to " + target);
            return like(in, target);
        });
        row(TRANSPOSE, 1, (a, in) -> {
            int[] perm = a.ints("perm");
            int[] sorted = Arrays.stream(perm).sorted().toArray();
            demand(
                    Arrays.equals(sorted, IntStream.range(0, in.get(0).rank()).toArray()),
                    "not a permutation of the axes: " + Arrays.toString(perm));
            return like(in, Shape.of(Arrays.stream(perm).map(in.get(0)::dim).toArray()));
        });
        row(EXPAND, 1, (a, in) -> {
            Shape target = Shape.of(a.ints("shape"));
            demand(Shape.broadcast(shape(in, 0), target).equals(target), "cannot expand to " + target);
            return like(in, target);
        });
        row(SLICE, 1, TypeRules::slice);
        row(CONCAT, 1, Integer.MAX_VALUE, TypeRules::concat);
        row(PAD, 1, TypeRules::pad);
        row(GATHER, 2, (a, in) -> {
            int axis = axis(a, in);
            index(in.get(1));
            int[] data = shape(in, 0).toArray();
            int[] indices = shape(in, 1).toArray();
            int[] dims = new int[data.length - 1 + indices.length];
            System.arraycopy(data, 0, dims, 0, axis);
            System.arraycopy(indices, 0, dims, axis, indices.length);
            System.arraycopy(data, axis + 1, dims, axis + indices.length, data.length - 1 - axis);
            return like(in, Shape.of(dims));
        });
        row(GATHER_ELEMENTS, 2, (a, in) -> {
            axis(a, in);
            index(in.get(1));
            demand(in.get(0).rank() == in.get(1).rank(), "data and indices differ in rank");
            return like(in, shape(in, 1));
        });
        row(GATHER_ND, 2, TypeRules::gatherNd);
        row(SCATTER_ELEMENTS, 3, (a, in) -> {
            axis(a, in);
            reduction(a);
            index(in.get(1));
            sameType(List.of(in.get(0), in.get(2)));
            demand(shape(in, 1).equals(shape(in, 2)), "indices and updates differ in shape");
            demand(in.get(0).rank() == in.get(1).rank(), "data and indices differ in rank");
            return like(in, shape(in, 0));
        });
        row(SCATTER_ND, 3, (a, in) -> {
            reduction(a);
            index(in.get(1));
            sameType(List.of(in.get(0), in.get(2)));
            return like(in, shape(in, 0));
        });
        row(TRILU, 1, (a, in) -> {
            demand(in.get(0).rank() >= 2, "needs a matrix");
            return with(a.flag("upper"), with(a.integer("k"), like(in, shape(in, 0))));
        });
        row(RESIZE, 1, (a, in) -> {
            int[] scales = a.ints("scales");
            demand(scales.length == in.get(0).rank(), "needs one scale per axis");
            return like(
                    in,
                    Shape.of(IntStream.range(0, scales.length)
                            .map(i -> Math.multiplyExact(scales[i], in.get(0).dim(i)))
                            .toArray()));
        });

        for (Op op : List.of(REDUCE_SUM, REDUCE_MEAN, REDUCE_MAX, REDUCE_MIN, REDUCE_PROD)) {
            row(
                    op,
                    1,
                    (a, in) -> new TensorType(
                            number(in.get(0).type()), reduced(shape(in, 0), a.flag("keepdims"), a.ints("axes"))));
        }
        row(ARG_MAX, 1, (a, in) -> {
            a.flag("last");
            return new TensorType(DataType.INT64, reduced(shape(in, 0), a.flag("keepdims"), axis(a, in)));
        });
        row(TOP_K, 1, (a, in) -> {
            int axis = axis(a, in);
            int k = a.integer("k");
            number(in.get(0).type());
            demand(
                    k >= 0 && k <= in.get(0).dim(axis),
                    "k must be at most " + in.get(0).dim(axis) + ", got " + k);
            return with(
                    a.flag("largest"),
                    new TensorType(DataType.INT64, shape(in, 0).with(axis, k)));
        });
        row(CUM_SUM, 1, (a, in) -> {
            axis(a, in);
            return with(a.flag("exclusive") || a.flag("reverse"), like(in, shape(in, 0)));
        });

        row(MATMUL, 2, TypeRules::matmul);
        row(CONV, 2, 3, WindowTypes::conv);
        row(CONV_TRANSPOSE, 2, 3, WindowTypes::convTranspose);
        row(MAX_POOL, 1, WindowTypes::pool);
        row(AVERAGE_POOL, 1, (a, in) -> with(a.flag("count_include_pad"), WindowTypes.pool(a, in)));
        for (Op op : List.of(SOFTMAX, LOG_SOFTMAX)) {
            row(op, 1, (a, in) -> with(axis(a, in), real(in)));
        }
        row(INSTANCE_NORM, 3, (a, in) -> with(a.real("epsilon"), channelNorm(in)));
        row(GROUP_NORM, 3, (a, in) -> {
            demand(in.get(0).dim(1) % a.integer("groups") == 0, "groups do not divide the channels");
            return with(a.real("epsilon"), channelNorm(in));
        });
        row(LAYER_NORM, 2, 3, (a, in) -> {
            int axis = axis(a, in);
            int[] dims = shape(in, 0).toArray();
            Shape normalised = Shape.of(Arrays.copyOfRange(dims, axis, dims.length));
            for (Value parameter : in.subList(1, in.size())) {
                demand(
                        Shape.broadcast(normalised, parameter.shape()).equals(normalised),
                        "scale and bias must broadcast to " + normalised);
            }
            sameType(in);
            return with(a.real("epsilon"), real(in));
        });
        row(ATTENTION, 3, 4, TypeRules::attention);
    }

    static TensorType infer(Op op, Attributes attributes, List<Value> inputs, String label) {
        Row row = TABLE.get(op);
        try {
            demand(row != null, "inputs and constants are not applied");
            demand(
                    inputs.size() >= row.minInputs && inputs.size() <= row.maxInputs,
                    "takes " + row.minInputs + " to " + row.maxInputs + " operands");
            return row.rule.infer(attributes, inputs);
        } catch (IllegalArgumentException | ArithmeticException | GraphException e) {
            throw new GraphException(Value.describe(op, label, inputs) + " " + attributes + ": " + e.getMessage(), e);
        }
    }

    private static void row(Op op, int inputs, Rule rule) {
        row(op, inputs, inputs, rule);
    }

    private static void row(Op op, int minInputs, int maxInputs, Rule rule) {
        TABLE.put(op, new Row(minInputs, maxInputs, rule));
    }

    static void demand(boolean condition, String otherwise) {
        if (!condition) {
            throw new IllegalArgumentException(otherwise);
        }
    }

    static Shape shape(List<Value> in, int index) {
        return in.get(index).shape();
    }

    static DataType sameType(List<Value> in) {
        DataType type = in.get(0).type();
        demand(in.stream().allMatch(v -> v.type() == type), "operands differ in element type");
        return type;
    }

    static TensorType like(List<Value> in, Shape shape) {
        return new TensorType(in.get(0).type(), shape);
    }

    /** The result, after an attribute has been read so that its absence is noticed. */
    private static TensorType with(Object attribute, TensorType result) {
        demand(attribute != null, "an attribute is missing");
        return result;
    }

    private static Shape broadcast(List<Value> in) {
        return in.stream().map(Value::shape).reduce(Shape::broadcast).orElseThrow();
    }

    private static TensorType real(List<Value> in) {
        demand(in.get(0).type().isFloating(), "needs real numbers");
        return like(in, shape(in, 0));
    }

    private static DataType number(DataType type) {
        demand(type != DataType.BOOL, "needs numbers, not booleans");
        return type;
    }

    /** BOOL, whatever the operands' type. */
    private static DataType bool(DataType ignored) {
        return DataType.BOOL;
    }

    private static DataType require(DataType actual, DataType expected) {
        demand(actual == expected, "needs " + expected + ", got " + actual);
        return actual;
    }

    private static void index(Value indices) {
        demand(indices.type() == DataType.INT64 || indices.type() == DataType.INT32, "indices must be integers");
    }

    private static void reduction(Attributes a) {
        List<String> known = List.of("none", "add", "mul");
        demand(known.contains(a.text("reduction")), "reduction must be one of " + known);
    }

    private static int axis(Attributes a, List<Value> in) {
        int axis = a.integer("axis");
        demand(axis >= 0 && axis < in.get(0).rank(), "axis " + axis + " is out of range");
        return axis;
    }

    private static Shape reduced(Shape shape, boolean keep, int... axes) {
        boolean[] gone = new boolean[shape.rank()];
        for (int axis : axes) {
            gone[shape.axis(axis)] = true;
        }
        return Shape.of(IntStream.range(0, shape.rank())
                .filter(i -> keep || !gone[i])
                .map(i -> gone[i] ? 1 : shape.dim(i))
                .toArray());
    }

    private static TensorType slice(Attributes a, List<Value> in) {
        int[] starts = a.ints("starts");
        int[] sizes = a.ints("sizes");
        int[] steps = a.ints("steps");
        int rank = in.get(0).rank();
        demand(starts.length == rank && sizes.length == rank && steps.length == rank, "needs one entry per axis");
        for (int i = 0; i < rank; i++) {
            long last = starts[i] + (long) steps[i] * (sizes[i] - 1);
            int extent = in.get(0).dim(i);
            boolean inside = starts[i] >= 0 && starts[i] < extent && last >= 0 && last < extent;
            demand(steps[i] != 0 && (sizes[i] == 0 || inside), "axis " + i + " is out of range");
        }
        return like(in, Shape.of(sizes));
    }

    private static TensorType concat(Attributes a, List<Value> in) {
        int axis = axis(a, in);
        int extent = 0;
        for (Value part : in) {
            demand(
                    part.rank() == in.get(0).rank()
                            && part.shape().with(axis, 0).equals(shape(in, 0).with(axis, 0)),
                    "parts differ outside axis " + axis);
            extent = Math.addExact(extent, part.dim(axis));
        }
        return new TensorType(sameType(in), shape(in, 0).with(axis, extent));
    }

    private static TensorType pad(Attributes a, List<Value> in) {
        int[] pads = a.ints("pads");
        int rank = in.get(0).rank();
        demand(pads.length == 2 * rank, "needs two pads per axis");
        demand(Arrays.stream(pads).allMatch(p -> p >= 0), "pads must not be negative");
        demand(List.of("constant", "reflect", "edge").contains(a.text("mode")), "unknown mode " + a.text("mode"));
        return with(
                a.real("value"),
                like(
                        in,
                        Shape.of(IntStream.range(0, rank)
                                .map(i -> Math.addExact(in.get(0).dim(i), Math.addExact(pads[i], pads[i + rank])))
                                .toArray())));
    }

    private static TensorType gatherNd(Attributes a, List<Value> in) {
        int batch = a.integer("batch_dims");
        int[] data = shape(in, 0).toArray();
        int[] indices = shape(in, 1).toArray();
        index(in.get(1));
        demand(
                batch >= 0 && indices.length > batch && data.length > batch,
                "batch_dims must be below the ranks of data and indices");
        int depth = indices[indices.length - 1];
        demand(batch + depth <= data.length, "indices are too deep for the data");
        IntStream head = Arrays.stream(indices, 0, indices.length - 1);
        return like(
                in,
                Shape.of(IntStream.concat(head, Arrays.stream(data, batch + depth, data.length))
                        .toArray()));
    }

    private static TensorType matmul(Attributes a, List<Value> in) {
        Value x = in.get(0);
        Value y = in.get(1);
        demand(x.rank() >= 2 && y.rank() >= 2, "needs matrices");
        int rows = x.dim(a.flag("transA") ? -1 : -2);
        int inner = x.dim(a.flag("transA") ? -2 : -1);
        int columns = y.dim(a.flag("transB") ? -2 : -1);
        demand(inner == y.dim(a.flag("transB") ? -1 : -2), "inner extents differ");
        int[] batch = Shape.broadcast(leading(x), leading(y)).toArray();
        int[] dims = Arrays.copyOf(batch, batch.length + 2);
        dims[batch.length] = rows;
        dims[batch.length + 1] = columns;
        return new TensorType(sameType(in), Shape.of(dims));
    }

    private static Shape leading(Value matrix) {
        return Shape.of(Arrays.copyOf(matrix.shape().toArray(), matrix.rank() - 2));
    }

    private static TensorType channelNorm(List<Value> in) {
        demand(in.get(0).rank() >= 3, "needs [B,C,...]");
        Shape channels = Shape.of(in.get(0).dim(1));
        demand(
                shape(in, 1).equals(channels) && shape(in, 2).equals(channels),
                "scale and bias must have shape " + channels);
        sameType(in);
        return real(in);
    }

    private static TensorType attention(Attributes a, List<Value> in) {
        a.real("scale");
        Value q = in.get(0);
        Value k = in.get(1);
        Value v = in.get(2);
        demand(q.rank() >= 2 && leading(q).equals(leading(k)) && leading(q).equals(leading(v)), "batch axes differ");
        demand(q.dim(-1) == k.dim(-1), "queries and keys differ in width");
        demand(k.dim(-2) == v.dim(-2), "keys and values differ in length");
        sameType(in);
        if (in.size() == 4) {
            Shape scores = q.shape().with(-1, k.dim(-2));
            demand(Shape.broadcast(shape(in, 3), scores).equals(scores), "the mask must broadcast to " + scores);
        }
        return like(in, q.shape().with(-1, v.dim(-1)));
    }
}
