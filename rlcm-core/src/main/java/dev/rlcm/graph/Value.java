package dev.rlcm.graph;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A typed expression: the result of an operator applied to other values. Values are immutable and identified by
 * reference; together they form a DAG whose shapes are all static. The methods below build new expressions; operands
 * broadcast by NumPy's rule and must have the same element type.
 *
 * <p>Every construction is type-checked: a {@link GraphException} names the operator, its label and its operands'
 * types. Thread-safe.
 */
public final class Value {
    private final Op op;
    private final List<Value> inputs;
    private final Attributes attributes;
    private final TensorType type;
    private final String label;

    private Value(Op op, List<Value> inputs, Attributes attributes, TensorType type, String label) {
        this.op = op;
        this.inputs = inputs;
        this.attributes = attributes;
        this.type = type;
        this.label = label;
    }

    /** A graph input, to be fed at every run under its name. */
    public static Value input(String name, DataType type, Shape shape) {
        return new Value(Op.INPUT, List.of(), Attributes.of("name", name), new TensorType(type, shape), name);
    }

    /** A constant; the data must not change any more. */
    public static Value constant(TensorData data) {
        return constant(data, "");
    }

    /** A constant with the name it has in a model file. */
    public static Value constant(TensorData data, String label) {
        TensorType type = new TensorType(data.type(), data.shape());
        return new Value(Op.CONSTANT, List.of(), Attributes.of("value", data), type, label);
    }

    /** A rank-0 constant. */
    public static Value scalar(DataType type, double value) {
        return constant(TensorData.scalar(type, value));
    }

    public static Value of(Op op, Attributes attributes, Value... inputs) {
        return of(op, attributes, List.of(inputs), "");
    }

    /**
     * Applies an operator.
     *
     * @param label the node's name in a model file, for messages and adapter targets; empty if it has none
     * @throws GraphException if the operands or attributes do not fit the operator
     */
    public static Value of(Op op, Attributes attributes, List<Value> inputs, String label) {
        TensorType type = TypeRules.infer(op, attributes, inputs, label);
        return new Value(op, List.copyOf(inputs), attributes, type, label);
    }

    /** The same operator, attributes and label on other operands; this value itself if they are the same objects. */
    public Value withInputs(List<Value> operands) {
        return operands.equals(inputs) ? this : of(op, attributes, operands, label);
    }

    public Op op() {
        return op;
    }

    public boolean is(Op candidate) {
        return op == candidate;
    }

    public List<Value> inputs() {
        return inputs;
    }

    public Value in(int index) {
        return inputs.get(index);
    }

    public Attributes attributes() {
        return attributes;
    }

    public DataType type() {
        return type.type();
    }

    public Shape shape() {
        return type.shape();
    }

    public int rank() {
        return shape().rank();
    }

    public int dim(int axis) {
        return shape().dim(axis);
    }

    /** The node's name in the model file it came from, or an empty string. */
    public String label() {
        return label;
    }

    /** The data of a CONSTANT. */
    public TensorData data() {
        return attributes.tensor("value");
    }

    /** Whether this is a constant all of whose elements equal the number. */
    public boolean isConstant(double number) {
        if (op != Op.CONSTANT || shape().size() == 0 || shape().size() > 4096) {
            return false;
        }
        TensorData data = data();
        return IntStream.range(0, data.size()).allMatch(i -> data.getDouble(i) == number);
    }

    // ---- arithmetic -------------------------------------------------------------------------------------------

    public Value add(Value other) {
        return of(Op.ADD, Attributes.NONE, this, other);
    }

    public Value add(double number) {
        return add(like(number));
    }

    public Value sub(Value other) {
        return of(Op.SUB, Attributes.NONE, this, other);
    }

    public Value sub(double number) {
        return sub(like(number));
    }

    public Value mul(Value other) {
        return of(Op.MUL, Attributes.NONE, this, other);
    }

    public Value mul(double number) {
        return mul(like(number));
    }

    public Value div(Value other) {
        return of(Op.DIV, Attributes.NONE, this, other);
    }

    public Value div(double number) {
        return div(like(number));
    }

    public Value pow(Value other) {
        return of(Op.POW, Attributes.NONE, this, other);
    }

    public Value pow(double exponent) {
        return pow(like(exponent));
    }

    public Value min(Value other) {
        return of(Op.MIN, Attributes.NONE, this, other);
    }

    public Value max(Value other) {
        return of(Op.MAX, Attributes.NONE, this, other);
    }

    public Value square() {
        return mul(this);
    }

    public Value neg() {
        return unary(Op.NEG);
    }

    public Value abs() {
        return unary(Op.ABS);
    }

    public Value sign() {
        return unary(Op.SIGN);
    }

    public Value exp() {
        return unary(Op.EXP);
    }

    public Value log() {
        return unary(Op.LOG);
    }

    public Value sqrt() {
        return unary(Op.SQRT);
    }

    /** 1/x. */
    public Value reciprocal() {
        return like(1).div(this);
    }

    public Value sin() {
        return unary(Op.SIN);
    }

    public Value cos() {
        return unary(Op.COS);
    }

    public Value tanh() {
        return unary(Op.TANH);
    }

    public Value sigmoid() {
        return unary(Op.SIGMOID);
    }

    public Value erf() {
        return unary(Op.ERF);
    }

    public Value clip(double min, double max) {
        return of(Op.CLIP, Attributes.of("min", min, "max", max), this);
    }

    public Value cast(DataType to) {
        return type() == to ? this : of(Op.CAST, Attributes.of("to", to), this);
    }

    // ---- comparison -------------------------------------------------------------------------------------------

    public Value equal(Value other) {
        return of(Op.EQUAL, Attributes.NONE, this, other);
    }

    public Value less(Value other) {
        return of(Op.LESS, Attributes.NONE, this, other);
    }

    public Value lessOrEqual(Value other) {
        return of(Op.LESS_OR_EQUAL, Attributes.NONE, this, other);
    }

    public Value greater(Value other) {
        return of(Op.GREATER, Attributes.NONE, this, other);
    }

    public Value greaterOrEqual(Value other) {
        return of(Op.GREATER_OR_EQUAL, Attributes.NONE, this, other);
    }

    public Value and(Value other) {
        return of(Op.AND, Attributes.NONE, this, other);
    }

    /** This condition's choice between two values. */
    public Value where(Value yes, Value no) {
        return of(Op.WHERE, Attributes.NONE, this, yes, no);
    }

    // ---- shape ------------------------------------------------------------------------------------------------

    public Value reshape(Shape shape) {
        return shape().equals(shape) ? this : of(Op.RESHAPE, Attributes.of("shape", shape.toArray()), this);
    }

    public Value reshape(int... dims) {
        return reshape(Shape.of(dims));
    }

    public Value transpose(int... perm) {
        boolean identity = Arrays.equals(perm, IntStream.range(0, perm.length).toArray());
        return identity && perm.length == rank() ? this : of(Op.TRANSPOSE, Attributes.of("perm", perm), this);
    }

    /** The last two axes swapped. */
    public Value transposed() {
        int[] perm = IntStream.range(0, rank()).toArray();
        perm[rank() - 1] = rank() - 2;
        perm[rank() - 2] = rank() - 1;
        return transpose(perm);
    }

    public Value expand(Shape shape) {
        return shape().equals(shape) ? this : of(Op.EXPAND, Attributes.of("shape", shape.toArray()), this);
    }

    /** Elements {@code start} to {@code end} (exclusive) of an axis. */
    public Value slice(int axis, int start, int end) {
        int[] starts = new int[rank()];
        int[] sizes = shape().toArray();
        int[] steps = new int[rank()];
        Arrays.fill(steps, 1);
        starts[shape().axis(axis)] = start;
        sizes[shape().axis(axis)] = end - start;
        return slice(starts, sizes, steps);
    }

    /** A strided block: one start, size and step per axis. */
    public Value slice(int[] starts, int[] sizes, int[] steps) {
        if (Arrays.equals(sizes, shape().toArray()) && Arrays.stream(steps).allMatch(s -> s == 1)) {
            return this;
        }
        return of(Op.SLICE, Attributes.of("starts", starts, "sizes", sizes).with("steps", steps), this);
    }

    public static Value concat(int axis, List<Value> parts) {
        return parts.size() == 1 ? parts.get(0) : of(Op.CONCAT, Attributes.of("axis", axis), parts, "");
    }

    /** Zeros around: begins of all axes, then ends. */
    public Value pad(int... pads) {
        if (Arrays.stream(pads).allMatch(p -> p == 0)) {
            return this;
        }
        return of(Op.PAD, Attributes.of("pads", pads, "mode", "constant").with("value", 0.0), this);
    }

    public Value gather(int axis, Value indices) {
        return of(Op.GATHER, Attributes.of("axis", axis), this, indices);
    }

    // ---- reductions -------------------------------------------------------------------------------------------

    /** The sum over the given axes, which stay with extent 1 if {@code keep}. */
    public Value sum(boolean keep, int... axes) {
        return reduce(Op.REDUCE_SUM, keep, axes);
    }

    public Value mean(boolean keep, int... axes) {
        return reduce(Op.REDUCE_MEAN, keep, axes);
    }

    public Value reduceMax(boolean keep, int... axes) {
        return reduce(Op.REDUCE_MAX, keep, axes);
    }

    /** The sum of all elements, rank 0. */
    public Value sum() {
        return sum(false, IntStream.range(0, rank()).toArray());
    }

    /** The mean of all elements, rank 0. */
    public Value mean() {
        return mean(false, IntStream.range(0, rank()).toArray());
    }

    /** Applies a reduction; no axes leave the value as it is. */
    public Value reduce(Op reduction, boolean keep, int... axes) {
        if (axes.length == 0) {
            return this;
        }
        int[] sorted = IntStream.of(axes).map(shape()::axis).sorted().toArray();
        return of(reduction, Attributes.of("axes", sorted, "keepdims", keep), this);
    }

    // ---- linear algebra ---------------------------------------------------------------------------------------

    public Value matmul(Value other) {
        return matmul(other, false, false);
    }

    /** The product of this and the other, each with its last two axes swapped first where the flag says so. */
    public Value matmul(Value other, boolean transA, boolean transB) {
        return of(Op.MATMUL, Attributes.of("transA", transA, "transB", transB), this, other);
    }

    public Value softmax(int axis) {
        return of(Op.SOFTMAX, Attributes.of("axis", shape().axis(axis)), this);
    }

    /** The vectors along an axis, each divided by its Euclidean length; NaN where that is 0. */
    public Value unit(int axis) {
        return div(square().sum(true, axis).sqrt());
    }

    /** A scalar constant of this value's element type. */
    public Value like(double number) {
        return scalar(type(), number);
    }

    public Value unary(Op unary) {
        return of(unary, Attributes.NONE, this);
    }

    /** The operator, the label and the operands' types: {@code MATMUL /attn1/to_q: FLOAT32[2,8] x FLOAT32[8,4]}. */
    public static String describe(Op op, String label, List<Value> inputs) {
        String operands = inputs.stream().map(v -> v.type.toString()).collect(Collectors.joining(" x "));
        return op + (label.isEmpty() ? "" : " " + label) + ": " + operands;
    }

    /** As {@link #describe}, with the result's type. */
    @Override
    public String toString() {
        return describe(op, label, inputs) + " -> " + type;
    }
}
