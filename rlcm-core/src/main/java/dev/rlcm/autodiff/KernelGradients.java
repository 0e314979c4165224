package dev.rlcm.autodiff;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The gradient of a convolution by its kernel [M,C/group,...]:
 * dw[m,c,t] = sum over b, o of g[b,m,o] x[b,c, stride o + dilation t - pad].
 *
 * <p>For every place t of the kernel that is a matrix product of two shifted images. All places together are one product,
 * of the larger image with all shifts of the smaller one stacked: runtimes do that several times faster than the
 * convolution with image-sized kernels that the sum is as well.
 */
final class KernelGradients {
    /** Places of a kernel up to which shifts are stacked: 3x3x3, beyond which there are patch embeddings only. */
    private static final int MOST_SHIFTS = 27;

    private final Value x;
    private final Value g;
    private final Shape w;
    private final int[] strides;
    private final int[] pads;
    private final int[] dilations;
    private final int spatial;

    private KernelGradients(Value x, Value g, Shape w, Attributes sliding) {
        this.x = x;
        this.g = g;
        this.w = w;
        this.strides = sliding.ints("strides");
        this.pads = sliding.ints("pads");
        this.dilations = sliding.ints("dilations");
        this.spatial = w.rank() - 2;
    }

    static Value of(Value x, Value g, Shape w, Attributes sliding) {
        KernelGradients gradient = new KernelGradients(x, g, w, sliding);
        if (sliding.integer("group") > 1 || gradient.places().size() > MOST_SHIFTS) {
            return gradient.exchanged(sliding);
        }
        boolean dense = Arrays.stream(gradient.strides).allMatch(s -> s == 1);
        return dense && g.shape().size() <= x.shape().size() ? gradient.shiftUpstream() : gradient.shiftInput();
    }

    /** x at stride o + dilation t - pad for all o: [M, T C] = g [M,L] times the transpose of the stack [T C,L]. */
    private Value shiftInput() {
        Value padded = x.pad(around(pads));
        List<Value> shifts = new ArrayList<>();
        for (int[] t : places()) {
            shifts.add(window(padded, t, g.shape(), strides));
        }
        Value product = planes(g).matmul(planes(Value.concat(1, shifts)), false, true);
        int[] last = axes(1, spatial + 1);
        return product.sum(false, 0)
                .reshape(dims(w.dim(0), kernel(), w.dim(1)))
                .transpose(concat(new int[] {0, spatial + 1}, last));
    }

    /**
     * g at i - dilation t + pad for all i, zero where there is no such output: [T M, C] = the stack [T M,L] times the
     * transpose of x [C,L]. Strides are 1.
     */
    private Value shiftUpstream() {
        int[] room = new int[2 * spatial];
        int[] starts = new int[g.rank()];
        int[] sizes = g.shape().toArray();
        for (int i = 0; i < spatial; i++) {
            int begin = reach(i) - pads[i];
            int end = reach(i) + x.dim(i + 2) - begin - g.dim(i + 2);
            room[i] = Math.max(0, begin);
            room[i + spatial] = Math.max(0, end);
            starts[i + 2] = Math.max(0, -begin); // outputs that saw only padding
            sizes[i + 2] -= Math.max(0, -begin) + Math.max(0, -end);
        }
        int[] steps = ConvolutionGradients.ones(g.rank());
        Value padded = g.slice(starts, sizes, steps).pad(around(room));
        List<Value> shifts = new ArrayList<>();
        for (int[] t : places()) {
            int[] back = IntStream.range(0, spatial)
                    .map(i -> w.dim(i + 2) - 1 - t[i])
                    .toArray();
            shifts.add(window(padded, back, x.shape(), ConvolutionGradients.ones(spatial)));
        }
        Value product = planes(Value.concat(1, shifts)).matmul(planes(x), false, true);
        return product.sum(false, 0)
                .reshape(concat(kernel(), new int[] {w.dim(0), w.dim(1)}))
                .transpose(concat(new int[] {spatial, spatial + 1}, axes(0, spatial)));
    }

    /** The block of all channels that starts at dilation t and has the extents of the shape. */
    private Value window(Value padded, int[] t, Shape extents, int[] steps) {
        int[] starts = new int[padded.rank()];
        int[] sizes = padded.shape().toArray();
        int[] all = ConvolutionGradients.ones(padded.rank());
        for (int i = 0; i < spatial; i++) {
            starts[i + 2] = dilations[i] * t[i];
            sizes[i + 2] = extents.dim(i + 2);
            all[i + 2] = steps[i];
        }
        return padded.slice(starts, sizes, all);
    }

    /** Itself a convolution, with the batch as channels and stride and dilation exchanged. */
    private Value exchanged(Attributes sliding) {
        int batch = x.dim(0);
        int group = sliding.integer("group");
        int[] swap = axes(0, x.rank());
        swap[0] = 1;
        swap[1] = 0;
        int[] regroup = axes(0, x.rank() + 1);
        regroup[0] = 2;
        regroup[2] = 0;
        int[] image = Arrays.copyOfRange(x.shape().toArray(), 2, x.rank());
        Value samples = x.reshape(concat(new int[] {batch, group, w.dim(1)}, image))
                .transpose(regroup)
                .reshape(concat(new int[] {w.dim(1), group * batch}, image));
        Attributes attributes = sliding.with("strides", dilations).with("dilations", strides);
        Value full = Value.of(Op.CONV, attributes, samples, g.transpose(swap)).transpose(swap);
        return full.slice(new int[w.rank()], w.toArray(), ConvolutionGradients.ones(w.rank()));
    }

    /** All places t of the kernel in row-major order. */
    private List<int[]> places() {
        List<int[]> places = new ArrayList<>();
        long[] strideOf = Shape.of(kernel()).strides();
        for (int place = 0; place < Shape.of(kernel()).size(); place++) {
            int[] t = new int[spatial];
            for (int i = 0; i < spatial; i++) {
                t[i] = (int) (place / strideOf[i] % w.dim(i + 2));
            }
            places.add(t);
        }
        return places;
    }

    private int reach(int axis) {
        return dilations[axis] * (w.dim(axis + 2) - 1);
    }

    private int[] kernel() {
        return Arrays.copyOfRange(w.toArray(), 2, w.rank());
    }

    /** Pads of the spatial axes as pads of all. */
    private int[] around(int[] spatialPads) {
        int[] all = new int[2 * w.rank()];
        System.arraycopy(spatialPads, 0, all, 2, spatial);
        System.arraycopy(spatialPads, spatial, all, w.rank() + 2, spatial);
        return all;
    }

    /** [B,C,...] as [B,C,L]. */
    static Value planes(Value value) {
        int length = IntStream.range(2, value.rank()).map(value::dim).reduce(1, Math::multiplyExact);
        return value.reshape(value.dim(0), value.dim(1), length);
    }

    private static int[] axes(int from, int to) {
        return IntStream.range(from, to).toArray();
    }

    private static int[] dims(int first, int[] middle, int last) {
        return concat(concat(new int[] {first}, middle), new int[] {last});
    }

    private static int[] concat(int[] first, int[] second) {
        return IntStream.concat(Arrays.stream(first), Arrays.stream(second)).toArray();
    }
}
