package dev.rlcm.lora;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.random.RandomStreams;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Graphs of one layer "net.layer" in every form that exports have for one; {@code x} is the input, {@code y} the output. */
enum LayerForms {
    /** x W. */
    PLAIN,
    /** x W^T + b, as Gemm. */
    GEMM,
    /** On images whose last axis holds the features. */
    FOUR_AXES,
    /** x^T W. */
    TRANSPOSED_INPUT,
    /** W x. */
    LEFT,
    /** W^T x of a batch. */
    LEFT_TRANSPOSED,
    /** W x^T. */
    LEFT_OF_TRANSPOSED,
    /** A row that then meets a batch. */
    BROADCAST,
    /** W is stored [1, in, out]. */
    LEADING_ONE,
    /** W is a transpose and cast of what is stored, and its name alone tells the path. */
    DERIVED_WEIGHT,
    CONV_1D,
    CONV_1X1,
    CONV_3X3,
    CONV_STRIDED,
    CONV_DILATED;

    static final String PATH = "net.layer";

    Graph graph(long seed) {
        Drawing drawing = new Drawing(new SplittableRandom(seed));
        Value layer =
                switch (this) {
                    case PLAIN -> drawing.matmul(drawing.input(2, 3, 5), drawing.weight(5, 4), false, false);
                    case GEMM -> drawing.matmul(drawing.input(3, 5), drawing.weight(4, 5), false, true)
                            .add(drawing.weight("net.layer.bias", 4));
                    case FOUR_AXES -> drawing.matmul(drawing.input(2, 3, 2, 5), drawing.weight(5, 4), false, false);
                    case TRANSPOSED_INPUT -> drawing.matmul(drawing.input(2, 5, 3), drawing.weight(5, 4), true, false);
                    case LEFT -> drawing.matmul(drawing.weight(4, 5), drawing.input(5, 3), false, false);
                    case LEFT_TRANSPOSED -> drawing.matmul(drawing.weight(5, 4), drawing.input(2, 5, 3), true, false);
                    case LEFT_OF_TRANSPOSED -> drawing.matmul(
                            drawing.weight(4, 5), drawing.input(2, 3, 5), false, true);
                    case BROADCAST -> drawing.matmul(drawing.input(1, 5), drawing.weight(5, 4), false, false)
                            .expand(Shape.of(3, 4));
                    case LEADING_ONE -> drawing.matmul(drawing.input(3, 5), drawing.weight(1, 5, 4), false, false);
                    case DERIVED_WEIGHT -> drawing.derived();
                    case CONV_1D -> drawing.conv(drawing.input(2, 3, 7), drawing.weight(4, 3, 3), 2, 1, 1);
                    case CONV_1X1 -> drawing.conv(drawing.input(2, 3, 2, 2), drawing.weight(4, 3, 1, 1), 1, 0, 1);
                    case CONV_3X3 -> drawing.conv(drawing.input(2, 3, 3, 4), drawing.weight(4, 3, 3, 3), 1, 1, 1);
                    case CONV_STRIDED -> drawing.conv(drawing.input(2, 3, 6, 5), drawing.weight(4, 3, 3, 2), 2, 1, 1);
                    case CONV_DILATED -> drawing.conv(drawing.input(1, 3, 6, 6), drawing.weight(4, 3, 3, 3), 1, 2, 2);
                };
        return Graph.of("y", layer.tanh());
    }

    /** Adapter inputs of a graph, and one tensor for each other input. */
    static Map<String, TensorData> feeds(Graph graph, long seed) {
        Map<String, TensorData> feeds = new LinkedHashMap<>();
        graph.inputs().forEach(input -> feeds.put(input.label(), random(input.shape(), seed, input.label())));
        return feeds;
    }

    static TensorData random(Shape shape, long seed, String name) {
        float[] draws = RandomStreams.seeded(seed).at(name).gaussians((int) shape.size());
        return TensorData.generate(DataType.FLOAT32, shape, i -> 0.5 * draws[i]);
    }

    private record Drawing(SplittableRandom random) {
        Value input(int... dims) {
            return Value.input("x", DataType.FLOAT32, Shape.of(dims));
        }

        Value weight(int... dims) {
            return weight("onnx::MatMul_17", dims);
        }

        Value weight(String name, int... dims) {
            TensorData data = TensorData.generate(DataType.FLOAT32, Shape.of(dims), i -> random.nextDouble() - 0.5);
            return Value.constant(data, name);
        }

        Value matmul(Value a, Value b, boolean transA, boolean transB) {
            Attributes flags = Attributes.of("transA", transA, "transB", transB);
            return Value.of(Op.MATMUL, flags, List.of(a, b), "/net/layer/MatMul");
        }

        Value derived() {
            TensorData half = weight(4, 5).data();
            TensorData stored = TensorData.generate(DataType.FLOAT16, half.shape(), half::getDouble);
            Value weight = Value.constant(stored, PATH + ".weight").cast(DataType.FLOAT32);
            Attributes flags = Attributes.of("transA", false, "transB", false);
            return Value.of(Op.MATMUL, flags, List.of(input(3, 5), weight.transpose(1, 0)), "node_linear_3");
        }

        Value conv(Value x, Value w, int stride, int pad, int dilation) {
            int axes = x.rank() - 2;
            Attributes sliding = Attributes.of("strides", all(axes, stride), "pads", all(2 * axes, pad))
                    .with("dilations", all(axes, dilation))
                    .with("group", 1);
            List<Value> operands = new ArrayList<>(List.of(x, w, weight("net.layer.bias", w.dim(0))));
            return Value.of(Op.CONV, sliding, operands, "/net/layer/Conv");
        }

        private static int[] all(int count, int value) {
            int[] values = new int[count];
            Arrays.fill(values, value);
            return values;
        }
    }
}
