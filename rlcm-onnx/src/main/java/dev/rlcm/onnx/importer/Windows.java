package dev.rlcm.onnx.importer;

import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Value;
import java.util.Arrays;

/** The geometry of sliding windows with ONNX's defaults: strides, dilations, and pads that auto_pad may imply. */
final class Windows {
    private final int[] kernel;
    private final int[] strides;
    private final int[] dilations;
    private final int[] pads;

    private Windows(int[] kernel, int[] strides, int[] dilations, int[] pads) {
        this.kernel = kernel;
        this.strides = strides;
        this.dilations = dilations;
        this.pads = pads;
    }

    static Windows of(OnnxNode node, Value x, int[] kernel) {
        int axes = x.rank() - 2;
        if (axes < 1 || kernel.length != axes) {
            throw new GraphException(
                    "a kernel of " + kernel.length + " axes does not fit an input of rank " + x.rank());
        }
        int[] ones = new int[axes];
        Arrays.fill(ones, 1);
        int[] strides = node.ints("strides", ones);
        int[] dilations = node.ints("dilations", ones);
        int[] pads = node.ints("pads", new int[2 * axes]);
        if (strides.length != axes
                || dilations.length != axes
                || pads.length != 2 * axes
                || Arrays.stream(strides).anyMatch(s -> s < 1)) {
            throw new GraphException("strides, dilations or pads do not fit " + axes + " axes");
        }
        String auto = node.text("auto_pad", "NOTSET");
        Windows windows = new Windows(kernel, strides, dilations, pads.clone());
        switch (auto) {
            case "NOTSET" -> {}
            case "VALID" -> Arrays.fill(windows.pads, 0);
            case "SAME_UPPER", "SAME_LOWER" -> windows.padToSame(x, auto.equals("SAME_UPPER"));
            default -> throw new GraphException("unknown auto_pad " + auto);
        }
        return windows;
    }

    int[] kernel() {
        return kernel;
    }

    int[] strides() {
        return strides;
    }

    int[] dilations() {
        return dilations;
    }

    int[] pads() {
        return pads;
    }

    int axes() {
        return kernel.length;
    }

    boolean isDilated() {
        return Arrays.stream(dilations).anyMatch(d -> d != 1);
    }

    int span(int axis) {
        return dilations[axis] * (kernel[axis] - 1) + 1;
    }

    /** As many windows as ceil(extent / stride); an odd pad goes to the end for SAME_UPPER. */
    private void padToSame(Value x, boolean upper) {
        for (int i = 0; i < axes(); i++) {
            int extent = x.dim(i + 2);
            int count = (extent + strides[i] - 1) / strides[i];
            int total = Math.max(0, (count - 1) * strides[i] + span(i) - extent);
            split(i, total, upper);
        }
    }

    void split(int axis, int total, boolean upper) {
        int small = total / 2;
        pads[axis] = upper ? small : total - small;
        pads[axis + axes()] = upper ? total - small : small;
    }

    /** Adds to the end pads what ceil_mode's last, partial window needs; a window must not start in the end padding. */
    void padToCeil(Value x) {
        for (int i = 0; i < axes(); i++) {
            int room = x.dim(i + 2) + pads[i] + pads[i + axes()] - span(i);
            int missing = Math.floorMod(-room, strides[i]);
            boolean startsInside = room + missing < x.dim(i + 2) + pads[i];
            if (missing > 0 && startsInside) {
                pads[i + axes()] += missing;
            }
        }
    }
}
