package dev.rlcm.onnx.importer;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

/**
 * Where the elements of a resized axis come from, by the formulas of ONNX's Resize. Coordinates are computed in float, as
 * ONNX Runtime does, so that ties round alike.
 *
 * @param mode nearest, linear or cubic
 * @param coordinates the coordinate_transformation_mode
 * @param rounding the nearest_mode
 * @param cubicA the cubic kernel's parameter
 * @param excludeOutside whether weights outside the axis are dropped and the rest rescaled
 * @param antialias whether a reduction averages over all elements that it skips
 */
record Interpolation(
        String mode, String coordinates, String rounding, double cubicA, boolean excludeOutside, boolean antialias) {
    /** ONNX Runtime's rounding of what is older than the attribute: down, and up where the axis shrinks. */
    static final String OUTWARD = "outward";

    boolean nearest() {
        return mode.equals("nearest");
    }

    Axis along(int extent, int size, float scale) {
        if (scale <= 0 || size < 1 || extent < 1 || size > ConstantTranslations.MAX_GENERATED) {
            throw new GraphException("cannot resize an axis of " + extent + " to " + size);
        }
        return new Axis(extent, size, scale);
    }

    /** One axis of {@code extent} elements resized to {@code size}. */
    final class Axis {
        private final int extent;
        private final int size;
        private final float scale;

        private Axis(int extent, int size, float scale) {
            this.extent = extent;
            this.size = size;
            this.scale = scale;
        }

        int size() {
            return size;
        }

        /** Every element comes from its own place, whatever the mode. */
        boolean isIdentity() {
            return size == extent
                    && (scale == 1
                            || (nearest()
                                    && Arrays.equals(
                                            sources(), IntStream.range(0, size).toArray())));
        }

        /** Whether element i is element i / factor of the source for an integer factor. */
        boolean repeats() {
            return nearest()
                    && size % extent == 0
                    && Arrays.equals(
                            sources(),
                            IntStream.range(0, size)
                                    .map(i -> i / (size / extent))
                                    .toArray());
        }

        /** For each element the index of its source. */
        int[] sources() {
            return IntStream.range(0, size)
                    .map(i -> Math.max(0, Math.min(extent - 1, round(source(i)))))
                    .toArray();
        }

        /** [size, extent]: row i blends the source elements into element i. */
        TensorData weights(DataType type) {
            TensorData weights = ConstantTranslations.zeros(type, Shape.of(size, extent));
            double[] row = new double[extent];
            for (int i = 0; i < size; i++) {
                Arrays.fill(row, 0);
                switch (mode) {
                    case "linear", "bilinear", "trilinear" -> blend(source(i), 1, d -> Math.max(0, 1 - d), row);
                    case "cubic" -> blend(source(i), 2, this::keys, row);
                    default -> throw new GraphException("unknown mode " + mode);
                }
                for (int j = 0; j < extent; j++) {
                    weights.setDouble(i * extent + j, row[j]);
                }
            }
            return weights;
        }

        private float source(int i) {
            return switch (coordinates) {
                case "asymmetric" -> i / scale;
                case "half_pixel" -> (i + 0.5f) / scale - 0.5f;
                case "pytorch_half_pixel" -> size > 1 ? (i + 0.5f) / scale - 0.5f : 0;
                case "align_corners" -> size == 1 ? 0 : i * (float) (extent - 1) / (size - 1);
                case "tf_half_pixel_for_nn" -> (i + 0.5f) / scale;
                case "half_pixel_symmetric" -> {
                    float offset = extent / 2f * (1 - size / (scale * extent));
                    yield offset + (i + 0.5f) / scale - 0.5f;
                }
                default -> throw new GraphException(
                        "coordinate_transformation_mode " + coordinates + " is not supported");
            };
        }

        private int round(float x) {
            return switch (rounding) {
                case "round_prefer_floor" -> (int) Math.ceil(x - 0.5f);
                case "round_prefer_ceil" -> (int) Math.floor(x + 0.5f);
                case "floor" -> (int) Math.floor(x);
                case "ceil" -> (int) Math.ceil(x);
                case OUTWARD -> (int) (scale < 1 ? Math.ceil(x) : Math.floor(x));
                default -> throw new GraphException("nearest_mode " + rounding + " is not supported");
            };
        }

        /**
         * Weights by distance, the border repeated beyond the ends. A filter against aliasing is as much wider as the
         * result is smaller.
         */
        private void blend(float x, int reach, DoubleUnaryOperator kernel, double[] row) {
            double shrink = antialias ? Math.min(1, scale) : 1;
            int last = (int) Math.floor(x + reach / shrink);
            double sum = 0;
            for (int place = (int) Math.ceil(x - reach / shrink); place <= last; place++) {
                boolean dropped = excludeOutside && (place < 0 || place >= extent);
                double weight = dropped ? 0 : kernel.applyAsDouble(Math.abs(place - (double) x) * shrink);
                row[Math.max(0, Math.min(extent - 1, place))] += weight;
                sum += weight;
            }
            for (int j = 0; j < extent; j++) {
                row[j] /= sum;
            }
        }

        /** Keys' kernel, which is 0 from 2 on. */
        private double keys(double d) {
            double a = cubicA;
            return d <= 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
        }
    }
}
