package dev.rlcm.examples.bench;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.SplittableRandom;

/** Graphs of convolutions with pseudo-random weights, of one input {@code x} and one output {@code y}. Not thread-safe. */
final class ConvolutionStacks {
    private static final int GROUPS = 32;
    private static final int RESNETS = 3;

    /** Channels of Stable Diffusion's decoder from the latents' resolution on, doubled after each. */
    private static final int[] DECODER = {512, 512, 256, 128};

    private final SplittableRandom random = new SplittableRandom(1);

    /** A single convolution with bias. */
    static Graph single(ConvolutionSpec spec) {
        Value x = Value.input("x", DataType.FLOAT32, Shape.of(spec.rows(), spec.in(), spec.size(), spec.size()));
        Value picture = spec.kind() == ConvolutionSpec.Kind.UP ? upsampled(x) : x;
        int kernel = spec.kind().kernel();
        return Graph.of(
                "y",
                new ConvolutionStacks()
                        .conv(picture, spec.out(), kernel, spec.kind().stride()));
    }

    /**
     * The decoder of Stable Diffusion's VAE without its one attention layer.
     *
     * @param size of the latents, an eighth of the picture's
     */
    static Graph decoder(int size) {
        return new ConvolutionStacks().decoded(Value.input("x", DataType.FLOAT32, Shape.of(1, 4, size, size)));
    }

    private Graph decoded(Value latents) {
        Value y = conv(latents, DECODER[0], 3);
        y = resnet(resnet(y, DECODER[0]), DECODER[0]);
        for (int level = 0; level < DECODER.length; level++) {
            for (int i = 0; i < RESNETS; i++) {
                y = resnet(y, DECODER[level]);
            }
            if (level < DECODER.length - 1) {
                y = conv(upsampled(y), DECODER[level], 3);
            }
        }
        return Graph.of("y", conv(activated(y), 3, 3));
    }

    private Value resnet(Value x, int channels) {
        Value shortcut = x.dim(1) == channels ? x : conv(x, channels, 1);
        return shortcut.add(conv(activated(conv(activated(x), channels, 3)), channels, 3));
    }

    private static Value activated(Value x) {
        TensorData scale = TensorData.generate(x.type(), Shape.of(x.dim(1)), i -> 1);
        Value zeros = Value.constant(TensorData.zeros(x.type(), Shape.of(x.dim(1))));
        Attributes groups = Attributes.of("groups", GROUPS, "epsilon", 1e-6);
        Value normal = Value.of(Op.GROUP_NORM, groups, x, Value.constant(scale), zeros);
        return normal.mul(normal.sigmoid());
    }

    private static Value upsampled(Value x) {
        return Value.of(Op.RESIZE, Attributes.of("scales", new int[] {1, 1, 2, 2}), x);
    }

    private Value conv(Value x, int channels, int size) {
        return conv(x, channels, size, 1);
    }

    private Value conv(Value x, int channels, int size, int stride) {
        int pad = size / 2;
        Attributes sliding = Attributes.of(
                        "strides", new int[] {stride, stride}, "pads", new int[] {pad, pad, pad, pad})
                .with("dilations", new int[] {1, 1})
                .with("group", 1);
        double scale = Math.sqrt(12.0 / (x.dim(1) * size * size));
        TensorData kernel = uniform(scale, channels, x.dim(1), size, size);
        return Value.of(Op.CONV, sliding, x, Value.constant(kernel), Value.constant(uniform(0.1, channels)));
    }

    private TensorData uniform(double width, int... dims) {
        return TensorData.generate(DataType.FLOAT32, Shape.of(dims), i -> width * (random.nextDouble() - 0.5));
    }
}
