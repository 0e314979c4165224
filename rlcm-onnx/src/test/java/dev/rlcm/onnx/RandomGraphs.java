package dev.rlcm.onnx;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/** Graphs of well-conditioned operators over tensors of rank 4, [2, C, H, W], for comparing backends. */
public final class RandomGraphs {
    private final Random random;
    private final List<Value> pool = new ArrayList<>();

    private RandomGraphs(long seed) {
        this.random = new Random(seed);
    }

    /** A graph of inputs "a", "b" and output "y", of about {@code size} operators. */
    static Graph of(long seed, int size) {
        RandomGraphs graphs = new RandomGraphs(seed);
        Value a = Value.input("a", DataType.FLOAT32, Shape.of(2, 4, 4, 6));
        Value b = Value.input("b", DataType.FLOAT32, Shape.of(1, 4, 1, 6));
        graphs.pool.addAll(List.of(a, b));
        for (int i = 0; i < size; i++) {
            graphs.pool.add(graphs.step());
        }
        return new Graph(List.of(a, b), Map.of("y", graphs.pool.get(graphs.pool.size() - 1), "z", graphs.pick()));
    }

    public static Map<String, TensorData> feeds(Graph graph, long seed) {
        Random random = new Random(seed);
        Map<String, TensorData> feeds = new LinkedHashMap<>();
        for (Value input : graph.inputs()) {
            feeds.put(input.label(), TensorData.generate(input.type(), input.shape(), i -> random.nextGaussian()));
        }
        return feeds;
    }

    private Value pick() {
        return pool.get(random.nextInt(pool.size()));
    }

    private Value parameter(int... dims) {
        return Value.constant(TensorData.generate(
                DataType.FLOAT32, Shape.of(dims), i -> random.nextGaussian() / Math.sqrt(dims[dims.length - 1])));
    }

    private Value step() {
        Value x = pick();
        List<UnaryOperator<Value>> steps = List.of(
                v -> v.tanh(),
                v -> v.sigmoid(),
                v -> v.erf(),
                v -> v.clip(-1, 1.5),
                v -> Value.of(Op.SWISH, Attributes.of("alpha", 1.702), v),
                v -> Value.of(Op.GELU, Attributes.of("approximate", random.nextBoolean() ? "none" : "tanh"), v),
                v -> v.mul(0.5).add(v.like(0.1)),
                this::broadcast,
                v -> v.softmax(random.nextInt(4)),
                this::product,
                this::gram,
                v -> v.transpose(0, 1, 3, 2),
                v -> v.reshape(v.dim(0), v.dim(1), v.dim(3), v.dim(2)),
                v -> v.mean(true, 1 + random.nextInt(3)).add(v),
                v -> v.slice(3, 0, Math.max(1, v.dim(3) - 1)),
                v -> Value.concat(2, List.of(v, v.neg())),
                v -> v.gather(1, Value.constant(TensorData.longs(Shape.of(3), 0, -1, v.dim(1) / 2))),
                this::convolution,
                this::norm,
                this::layerNorm,
                this::attention,
                this::function,
                this::window,
                this::index,
                v -> Value.of(
                        Op.CUM_SUM,
                        Attributes.of("axis", random.nextInt(4), "exclusive", random.nextBoolean())
                                .with("reverse", random.nextBoolean()),
                        v.mul(0.3)),
                v -> Value.of(Op.TRILU, Attributes.of("upper", random.nextBoolean(), "k", random.nextInt(3) - 1), v),
                v -> Value.of(Op.RESIZE, Attributes.of("scales", new int[] {1, 1, 2, 1 + random.nextInt(2)}), v),
                v -> Value.of(Op.LOG_SOFTMAX, Attributes.of("axis", random.nextInt(4)), v),
                v -> v.reduce(Op.REDUCE_PROD, true, 1).tanh(),
                v -> v.min(v.sin().add(0.3)),
                v -> v.div(v.square().add(1)),
                v -> v.sub(v.mean(true, 3)).abs().add(0.5).pow(1.5),
                v -> v.pad(0, 0, 1, 0, 0, 0, 0, 2),
                v -> v.greater(v.like(0.2)).where(v, v.mul(0.1)));
        Value y = steps.get(random.nextInt(steps.size())).apply(x);
        return y.shape().size() > 4000 ? y.mean(true, 2, 3) : y;
    }

    private Value function(Value v) {
        List<UnaryOperator<Value>> functions = List.of(
                x -> x.unary(Op.ATAN),
                Value::sin,
                Value::cos,
                Value::neg,
                x -> x.clip(-3, 3).exp(),
                x -> x.square().add(0.5).sqrt(),
                x -> x.square().add(0.5).log(),
                x -> x.unary(Op.RELU),
                x -> x.unary(Op.SOFTPLUS),
                x -> Value.of(Op.ELU, Attributes.of("alpha", 0.7), x),
                x -> Value.of(Op.LEAKY_RELU, Attributes.of("alpha", 0.2), x));
        return functions.get(random.nextInt(functions.size())).apply(v);
    }

    private Value window(Value v) {
        Attributes window = Attributes.of("strides", new int[] {2, 1}, "pads", new int[] {1, 1, 1, 1});
        if (random.nextBoolean()) {
            return Value.of(
                    Op.AVERAGE_POOL,
                    window.with("kernel_shape", new int[] {3, 2}).with("count_include_pad", random.nextBoolean()),
                    v);
        }
        Attributes transposed =
                window.with("dilations", new int[] {1, 1}).with("group", 1).with("output_padding", new int[] {1, 0});
        return Value.of(Op.CONV_TRANSPOSE, transposed, v, parameter(v.dim(1), 3, 3, 3))
                .mul(0.3);
    }

    private Value index(Value v) {
        int axis = 1 + random.nextInt(3);
        Shape few = v.shape().with(axis, 2);
        Value at = Value.constant(TensorData.generate(DataType.INT64, few, i -> random.nextInt(v.dim(axis))));
        if (random.nextBoolean()) {
            return Value.of(Op.GATHER_ELEMENTS, Attributes.of("axis", axis), v, at);
        }
        Attributes sums = Attributes.of("axis", axis, "reduction", "add");
        return Value.of(Op.SCATTER_ELEMENTS, sums, v, at, v.mean(true, axis).expand(few));
    }

    private Value broadcast(Value v) {
        Value row = parameter(v.dim(3));
        return random.nextBoolean() ? v.add(row) : v.mul(row).max(v.mean(true, 2));
    }

    private Value product(Value v) {
        boolean transB = random.nextBoolean();
        return v.matmul(transB ? parameter(5, v.dim(3)) : parameter(v.dim(3), 5), false, transB);
    }

    /** v^T v or v v^T, scaled. */
    private Value gram(Value v) {
        boolean rows = random.nextBoolean();
        return v.matmul(v, !rows, rows).mul(0.1).tanh();
    }

    private Value convolution(Value v) {
        Attributes attributes = Attributes.of("strides", new int[] {1, 2}, "pads", new int[] {1, 1, 1, 1})
                .with("dilations", new int[] {1, 1})
                .with("group", 1);
        return Value.of(Op.CONV, attributes, v, parameter(4, v.dim(1), 3, 3), parameter(4))
                .mul(0.3);
    }

    private Value norm(Value v) {
        Value scale = parameter(v.dim(1));
        Value bias = parameter(v.dim(1));
        int groups = v.dim(1) % 2 == 0 ? 2 : 1;
        return random.nextBoolean()
                ? Value.of(Op.GROUP_NORM, Attributes.of("groups", groups, "epsilon", 0.1), v, scale, bias)
                : Value.of(Op.INSTANCE_NORM, Attributes.of("epsilon", 0.1), v, scale, bias);
    }

    private Value layerNorm(Value v) {
        int axis = 2 + random.nextInt(2);
        int[] dims = IntStream.range(axis, 4).map(v::dim).toArray();
        return Value.of(
                Op.LAYER_NORM, Attributes.of("axis", axis, "epsilon", 0.1), v, parameter(dims), parameter(dims));
    }

    private Value attention(Value v) {
        return Value.of(Op.ATTENTION, Attributes.of("scale", 0.3), v, v.tanh(), v);
    }
}
