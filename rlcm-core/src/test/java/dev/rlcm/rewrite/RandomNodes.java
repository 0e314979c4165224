package dev.rlcm.rewrite;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/** Random constants and random nodes on given values, of all operators that folding evaluates. */
public final class RandomNodes {
    static final List<DataType> TYPES = List.of(DataType.FLOAT64, DataType.INT64, DataType.INT32, DataType.BOOL);
    private static final List<Op> OPS = Arrays.stream(Op.values())
            .filter(op -> op.compareTo(Op.ADD) >= 0 && op.compareTo(Op.MATMUL) <= 0 && op != Op.RESIZE)
            .toList();

    private final Random random;

    public RandomNodes(Random random) {
        this.random = random;
    }

    public List<Value> constants(int count) {
        List<Value> pool = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            pool.add(constant(TYPES.get(i % TYPES.size()), shape()));
        }
        return pool;
    }

    Shape shape() {
        return Shape.of(IntStream.range(0, random.nextInt(4))
                .map(i -> 1 + random.nextInt(3))
                .toArray());
    }

    Value constant(DataType type, Shape shape) {
        return Value.constant(TensorData.generate(
                type,
                shape,
                i -> type.isFloating()
                        ? random.nextGaussian() * 2
                        : random.nextInt(type == DataType.BOOL ? 2 : 9) - 4));
    }

    /** A node whose first operand is from the pool and that type-checks. */
    public Value node(List<Value> pool) {
        while (true) {
            Value x = pool.get(random.nextInt(pool.size()));
            Op op = OPS.get(random.nextInt(OPS.size()));
            try {
                List<Value> operands = new ArrayList<>(List.of(x));
                Attributes attributes = attributes(op, x, operands);
                return Value.of(op, attributes, operands, "node");
            } catch (GraphException e) {
                // this operator does not take this operand: draw again
            }
        }
    }

    private Attributes attributes(Op op, Value x, List<Value> operands) {
        int rank = x.rank();
        int axis = rank == 0 ? 0 : random.nextInt(rank);
        int[] dims = x.shape().toArray();
        switch (op) {
            case ADD,
                    SUB,
                    MUL,
                    DIV,
                    POW,
                    MIN,
                    MAX,
                    MOD,
                    EQUAL,
                    LESS,
                    LESS_OR_EQUAL,
                    GREATER,
                    GREATER_OR_EQUAL,
                    AND,
                    OR,
                    XOR -> {
                operands.add(random.nextInt(random.nextInt(2) + 1), constant(x.type(), partner(x)));
                return Attributes.NONE;
            }
            case WHERE -> {
                operands.add(0, constant(DataType.BOOL, partner(x)));
                operands.add(1 + random.nextInt(2), constant(x.type(), partner(x)));
                return Attributes.NONE;
            }
            case LEAKY_RELU, ELU, SWISH -> {
                return Attributes.of("alpha", random.nextDouble());
            }
            case GELU -> {
                return Attributes.of("approximate", random.nextBoolean() ? "none" : "tanh");
            }
            case CLIP -> {
                return Attributes.of("min", random.nextBoolean() ? -1.5 : Double.NEGATIVE_INFINITY, "max", 1.25);
            }
            case CAST -> {
                return Attributes.of("to", TYPES.get(random.nextInt(TYPES.size())));
            }
            case RESHAPE -> {
                return Attributes.of("shape", new int[] {1, (int) x.shape().size()});
            }
            case TRANSPOSE -> {
                return Attributes.of("perm", shuffledAxes(rank));
            }
            case EXPAND -> {
                int[] target = Arrays.stream(dims)
                        .map(d -> d == 1 ? 1 + random.nextInt(3) : d)
                        .toArray();
                return Attributes.of(
                        "shape",
                        IntStream.concat(IntStream.of(2), Arrays.stream(target)).toArray());
            }
            case SLICE -> {
                return slice(dims);
            }
            case CONCAT -> {
                operands.add(
                        constant(x.type(), rank == 0 ? x.shape() : x.shape().with(axis, 1 + random.nextInt(3))));
                return Attributes.of("axis", axis);
            }
            case PAD -> {
                int[] pads = random.ints(2L * rank, 0, 3).toArray();
                return Attributes.of("pads", pads, "mode", "constant").with("value", (double) random.nextInt(2));
            }
            case GATHER -> {
                operands.add(indices(shape(), rank == 0 ? 1 : dims[axis]));
                return Attributes.of("axis", axis);
            }
            case GATHER_ELEMENTS, SCATTER_ELEMENTS -> {
                Shape picked = rank == 0 ? Shape.SCALAR : x.shape().with(axis, 1 + random.nextInt(2));
                operands.add(indices(picked, rank == 0 ? 1 : dims[axis]));
                if (op == Op.SCATTER_ELEMENTS) {
                    operands.add(constant(x.type(), picked));
                }
                return Attributes.of("axis", axis, "reduction", reduction(x));
            }
            case GATHER_ND -> {
                int batch = random.nextInt(rank + 1);
                int depth = random.nextInt(rank - batch + 1);
                int[] shape = Arrays.copyOf(dims, batch + 2);
                shape[batch] = 2;
                shape[batch + 1] = depth;
                operands.add(tuples(Shape.of(shape), dims, batch));
                return Attributes.of("batch_dims", batch);
            }
            case SCATTER_ND -> {
                int depth = random.nextInt(rank + 1);
                operands.add(tuples(Shape.of(2, depth), dims, 0));
                int[] inner = Arrays.copyOfRange(dims, depth, rank);
                operands.add(constant(
                        x.type(),
                        Shape.of(IntStream.concat(IntStream.of(2), Arrays.stream(inner))
                                .toArray())));
                return Attributes.of("reduction", reduction(x));
            }
            case TRILU -> {
                return Attributes.of("upper", random.nextBoolean(), "k", random.nextInt(7) - 3);
            }
            case REDUCE_SUM, REDUCE_MEAN, REDUCE_MAX, REDUCE_MIN, REDUCE_PROD -> {
                int[] axes = IntStream.range(0, rank)
                        .filter(i -> random.nextBoolean())
                        .toArray();
                return Attributes.of("axes", axes, "keepdims", random.nextBoolean());
            }
            case ARG_MAX -> {
                return Attributes.of("axis", axis, "keepdims", random.nextBoolean())
                        .with("last", random.nextBoolean());
            }
            case TOP_K -> {
                int k = rank == 0 ? 1 : 1 + random.nextInt(dims[axis]);
                return Attributes.of("axis", axis, "k", k).with("largest", random.nextBoolean());
            }
            case CUM_SUM -> {
                return Attributes.of("axis", axis, "exclusive", random.nextBoolean())
                        .with("reverse", random.nextBoolean());
            }
            case MATMUL -> {
                boolean transA = random.nextBoolean();
                boolean transB = random.nextBoolean();
                int inner = rank < 2 ? 1 : dims[transA ? rank - 2 : rank - 1];
                int[] other = random.nextBoolean() ? new int[] {inner, 2} : new int[] {2, 1, inner, 2};
                if (transB) {
                    other[other.length - 2] = 2;
                    other[other.length - 1] = inner;
                }
                operands.add(constant(x.type(), Shape.of(other)));
                return Attributes.of("transA", transA, "transB", transB);
            }
            default -> {
                return Attributes.NONE;
            }
        }
    }

    /** A shape that broadcasts with the value's. */
    private Shape partner(Value x) {
        int[] dims = x.shape().toArray();
        int from = random.nextInt(dims.length + 1);
        int[] partner = Arrays.stream(dims, from, dims.length)
                .map(d -> d == 1 ? 1 + random.nextInt(2) : random.nextBoolean() ? d : 1)
                .toArray();
        boolean wider = from == 0 && random.nextInt(3) == 0;
        return Shape.of(
                wider
                        ? IntStream.concat(IntStream.of(2), Arrays.stream(partner))
                                .toArray()
                        : partner);
    }

    private int[] shuffledAxes(int rank) {
        List<Integer> axes = new ArrayList<>(IntStream.range(0, rank).boxed().toList());
        Collections.shuffle(axes, random);
        return axes.stream().mapToInt(Integer::intValue).toArray();
    }

    private Attributes slice(int[] dims) {
        int[] starts = new int[dims.length];
        int[] sizes = new int[dims.length];
        int[] steps = new int[dims.length];
        for (int i = 0; i < dims.length; i++) {
            starts[i] = random.nextInt(dims[i]);
            steps[i] = (1 + random.nextInt(2)) * (random.nextBoolean() ? 1 : -1);
            int room = steps[i] > 0 ? dims[i] - 1 - starts[i] : starts[i];
            sizes[i] = 1 + random.nextInt(room / Math.abs(steps[i]) + 1);
        }
        return Attributes.of("starts", starts, "sizes", sizes).with("steps", steps);
    }

    private Value indices(Shape shape, int extent) {
        DataType type = random.nextBoolean() ? DataType.INT64 : DataType.INT32;
        return Value.constant(TensorData.generate(type, shape, i -> random.nextInt(2 * extent) - extent));
    }

    private Value tuples(Shape shape, int[] dims, int batch) {
        int depth = shape.dim(-1);
        return Value.constant(TensorData.generate(
                DataType.INT64, shape, i -> random.nextInt(2 * dims[batch + i % depth]) - dims[batch + i % depth]));
    }

    private String reduction(Value x) {
        return x.type() != DataType.BOOL && random.nextBoolean()
                ? List.of("add", "mul").get(random.nextInt(2))
                : "none";
    }
}
