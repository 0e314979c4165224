package dev.rlcm.onnx;

import dev.rlcm.graph.DataType;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Where the elements of a resized axis come from, by the formulas of ONNX's Resize. Coordinates are computed in float, as
 * ONNX Runtime does, so that ties round alike.
 *
 * @param mode nearest, linear or cubic
 * @param coordinates the coordinate_transformation_mode
 * @param rounding the nearest_mode, or "simple" for opset 10: floor when enlarging, ceiling when reducing
 * @param cubicA the cubic kernel's parameter
 * @param excludeOutside whether cubic weights outside the axis are dropped and the rest rescaled
 */
record Interpolation(String mode, String coordinates, String rounding, double cubicA, boolean excludeOutside) {
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
                    case "linear", "bilinear", "trilinear" -> linear(source(i), row);
                    case "cubic" -> cubic(source(i), row);
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
                case "simple" -> (int) (scale < 1 ? Math.ceil(x) : Math.floor(x));
                default -> throw new GraphException("nearest_mode " + rounding + " is not supported");
            };
        }

        private void linear(float x, double[] row) {
            float inside = Math.max(0, Math.min(extent - 1f, x));
            int left = (int) inside;
            double share = inside - left;
            row[left] += 1 - share;
            row[Math.min(left + 1, extent - 1)] += share;
        }

        /** Keys' kernel over the four neighbours, the border repeated beyond the ends. */
        private void cubic(float x, double[] row) {
            int left = (int) Math.floor(x);
            double t = x - left;
            double sum = 0;
            for (int k = -1; k <= 2; k++) {
                int place = left + k;
                boolean outside = place < 0 || place >= extent;
                double weight = outside && excludeOutside ? 0 : keys(Math.abs(k - t));
                row[Math.max(0, Math.min(extent - 1, place))] += weight;
                sum += weight;
            }
            for (int j = 0; j < extent && excludeOutside; j++) {
                row[j] /= sum;
            }
        }

        private double keys(double d) {
            double a = cubicA;
            return d <= 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
        }
    }
}
