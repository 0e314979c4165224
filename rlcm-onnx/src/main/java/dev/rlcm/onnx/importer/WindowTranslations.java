package dev.rlcm.onnx.importer;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import java.util.Arrays;
import java.util.stream.IntStream;

/** Convolutions. */
final class WindowTranslations {
    private WindowTranslations() {}

    static void register(OperatorTable table) {
        table.row("Conv", node -> conv(node, node.in(0), node.in(1)))
                .row("ConvTranspose", WindowTranslations::convTranspose);
    }

    private static int[] kernelOf(Value weight) {
        return IntStream.range(2, weight.rank()).map(weight::dim).toArray();
    }

    private static Value[] operands(OnnxNode node) {
        return node.has(2) ? new Value[] {node.in(0), node.in(1), node.in(2)} : new Value[] {node.in(0), node.in(1)};
    }

    private static Attributes attributes(Windows windows, int group) {
        return Attributes.of("strides", windows.strides(), "pads", windows.pads())
                .with("dilations", windows.dilations())
                .with("group", group);
    }

    /** A convolution of the node's geometry, and with its bias if it has one, of those operands. */
    static Value conv(OnnxNode node, Value x, Value weight) {
        Attributes attributes = attributes(Windows.of(node, x, kernelOf(weight)), node.integer("group", 1));
        return node.has(2)
                ? node.apply(Op.CONV, attributes, x, weight, node.in(2))
                : node.apply(Op.CONV, attributes, x, weight);
    }

    /** Given output_shape, the total padding follows; the odd one goes to the start unless SAME_UPPER says otherwise. */
    private static Value convTranspose(OnnxNode node) {
        Value x = node.in(0);
        Windows windows = Windows.of(node, x, kernelOf(node.in(1)));
        int axes = windows.axes();
        int[] output = node.ints("output_padding", new int[axes]);
        OnnxNode.demandCount("output_padding", axes, output.length);
        int[] target = node.ints("output_shape");
        if (target.length > 0 && target.length != axes + 2) {
            OnnxNode.demandCount("extents of output_shape", axes, target.length);
        }
        String auto = node.text("auto_pad", "NOTSET");
        boolean same = auto.startsWith("SAME");
        if (target.length == 0 && same) {
            target = IntStream.range(0, axes)
                    .map(i -> x.dim(i + 2) * windows.strides()[i])
                    .toArray();
        }
        for (int i = 0; i < axes && target.length > 0; i++) {
            int full = windows.strides()[i] * (x.dim(i + 2) - 1) + output[i] + windows.span(i);
            int total = full - target[target.length - axes + i];
            output[i] += Math.max(0, -total);
            windows.split(i, Math.max(0, total), auto.equals("SAME_UPPER"));
        }
        return node.apply(
                Op.CONV_TRANSPOSE,
                attributes(windows, node.integer("group", 1)).with("output_padding", output),
                operands(node));
    }

    /** A vector [C] that lines up with axis 1 of an operand of that rank. */
    static Value perChannel(Value vector, int rank) {
        if (rank < 2) {
            throw new GraphException("needs an operand [B, C, ...], got one of rank " + rank);
        }
        int[] dims = new int[rank];
        Arrays.fill(dims, 1);
        dims[1] = Math.toIntExact(vector.shape().size());
        return vector.reshape(Shape.of(dims));
    }
}
