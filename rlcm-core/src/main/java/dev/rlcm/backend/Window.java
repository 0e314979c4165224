package dev.rlcm.backend;

import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.Shape;
import java.util.Arrays;

/** Which input position each output position of a sliding window meets, for every offset within the window. */
final class Window {
    private final Shape input;
    private final Shape output;
    private final Shape kernel;
    private final int[] strides;
    private final int[] pads;
    private final int[] dilations;

    /**
     * A window over the given spatial extents.
     *
     * @param attributes strides, pads and dilations, as in ONNX
     */
    Window(Shape input, Shape output, Shape kernel, Attributes attributes) {
        this.input = input;
        this.output = output;
        this.kernel = kernel;
        this.strides = attributes.ints("strides");
        this.pads = attributes.ints("pads");
        this.dilations = attributes.ints("dilations");
    }

    /** Number of elements of the window. */
    int offsets() {
        return (int) kernel.size();
    }

    int inputPositions() {
        return (int) input.size();
    }

    /** By output position, the input position that the window's given element falls on, -1 in the padding. */
    int[] sources(int offset) {
        int[] within = new int[kernel.rank()];
        int rest = offset;
        for (int axis = kernel.rank() - 1; axis >= 0; axis--) {
            within[axis] = rest % kernel.dim(axis);
            rest /= kernel.dim(axis);
        }
        int[] sources = new int[(int) output.size()];
        Arrays.fill(sources, -1);
        int[] source = new int[input.rank()];
        Index.forEach(output, (position, index) -> {
            for (int axis = 0; axis < source.length; axis++) {
                source[axis] = index[axis] * strides[axis] + within[axis] * dilations[axis] - pads[axis];
                if (source[axis] < 0 || source[axis] >= input.dim(axis)) {
                    return;
                }
            }
            sources[position] = Index.position(input, source);
        });
        return sources;
    }
}
