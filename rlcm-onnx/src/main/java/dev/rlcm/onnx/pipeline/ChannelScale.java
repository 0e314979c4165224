package dev.rlcm.onnx.pipeline;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.onnx.pipeline.component.JsonFile;
import java.util.stream.IntStream;

/**
 * How the latents z of a VAE become those that a network works on, x: z = x / divisor + offset. Usually two numbers for all, {@code
 * scaling_factor} and {@code shift_factor}; with {@code latents_std} and {@code latents_mean} one for each channel, or for each channel of
 * the p x p latents that a network takes as one token. Immutable.
 */
final class ChannelScale {
    private static final String STD = "latents_std";
    private static final String MEAN = "latents_mean";

    private final Shape latent;
    private final double[] divisors;
    private final double[] offsets;

    private ChannelScale(Shape latent, double[] divisors, double[] offsets) {
        this.latent = latent;
        this.divisors = divisors;
        this.offsets = offsets;
    }

    /** Whether a configuration has numbers by channel. */
    static boolean isByChannel(JsonFile vae) {
        return vae.has(STD) || vae.has(MEAN);
    }

    /**
     * That of a VAE.
     *
     * @param all the numbers for all channels
     * @param packing p
     * @param latent [C, h, w]
     * @throws IllegalArgumentException if there are numbers by channel, but not as many as channels
     */
    static ChannelScale of(JsonFile vae, LatentScale all, int packing, Shape latent) {
        if (!isByChannel(vae)) {
            return new ChannelScale(latent, new double[] {all.factor()}, new double[] {all.shift()});
        }
        int packed = latent.dim(0) * packing * packing;
        boolean isPacked = vae.root().path(STD).size() == packed;
        int count = isPacked ? packed : latent.dim(0);
        double[] std = values(vae, STD, count);
        double[] mean = values(vae, MEAN, count);
        int side = isPacked ? packing : 1;
        int[] channels = IntStream.range(0, Math.toIntExact(latent.size()))
                .map(i -> channel(i, latent, side))
                .toArray();
        return new ChannelScale(
                latent,
                IntStream.of(channels).mapToDouble(c -> all.factor() / std[c]).toArray(),
                IntStream.of(channels).mapToDouble(c -> all.shift() + mean[c]).toArray());
    }

    private static double[] values(JsonFile vae, String key, int count) {
        return vae.reals(key, count).orElseThrow(() -> vae.wrong(key, count + " finite numbers"));
    }

    /** The channel of element i among those of patches: c, then row and column in the patch. */
    private static int channel(int i, Shape latent, int side) {
        int column = i % latent.dim(2);
        int row = i / latent.dim(2) % latent.dim(1);
        int c = i / latent.dim(2) / latent.dim(1);
        return (c * side + row % side) * side + column % side;
    }

    /** z of element i of latents [..., C, h, w]. */
    double ofVae(double x, long i) {
        int k = (int) (i % divisors.length);
        return x / divisors[k] + offsets[k];
    }

    /** x of element i. */
    double ofNetwork(double z, long i) {
        int k = (int) (i % divisors.length);
        return (z - offsets[k]) * divisors[k];
    }

    /** z of x [B, C, h, w]. */
    Value ofVae(Value x) {
        return x.div(constant(divisors)).add(constant(offsets));
    }

    private Value constant(double[] values) {
        Shape shape = values.length == 1 ? Shape.SCALAR : latent;
        return Value.constant(TensorData.generate(DataType.FLOAT32, shape, i -> values[i]));
    }
}
