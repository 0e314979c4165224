package dev.rlcm.rewards.ocr;

import dev.rlcm.backend.Executable;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;

/**
 * Where text is on a picture, by a network for differentiable binarisation (Liao et al., arXiv:1911.08947), which gives every
 * pixel the probability that it is in the shrunken middle of a line of text. Preparation and the way from probabilities to boxes
 * are PaddleOCR's ({@code predict_det.py}, {@code DBPostProcess}), but that the picture is padded, not stretched, to a multiple of
 * 32 pixels.
 */
final class TextDetector {
    private static final String INPUT = "x";
    private static final int MULTIPLE = 32;

    /** Of BGR, the order in which OpenCV reads pictures; the network was trained with ImageNet's in that order. */
    private static final double[] MEAN = {0.485, 0.456, 0.406};

    private static final double[] DEVIATION = {0.229, 0.224, 0.225};

    private static final double TEXT = 0.3;
    private static final double CONFIDENT = 0.6;
    private static final double GROWTH = 1.5;
    private static final int SMALLEST = 3;
    private static final int MOST_BOXES = 1000;

    private final Executable network;
    private final int shorterSide;

    /** @param shorterSide what pictures are enlarged to at least, in pixels; larger ones are left as they are */
    TextDetector(Executable network, int shorterSide) {
        this.network = network;
        this.shorterSide = shorterSide;
    }

    /** The lines of text in the order of reading: from top to bottom, and from left to right where they are side by side. */
    List<TextBox> detect(Picture picture) {
        double factor = Math.max(1, (double) shorterSide / Math.min(picture.height(), picture.width()));
        Picture enlarged = factor == 1
                ? picture
                : picture.resized(
                        (int) Math.round(picture.height() * factor), (int) Math.round(picture.width() * factor));
        TensorData input = input(enlarged);
        TensorData output =
                network.run(Map.of(INPUT, input)).values().iterator().next();
        int width = input.shape().dim(3);
        List<TextBox> boxes = new ArrayList<>();
        for (List<int[]> region : regions(output, width, enlarged)) {
            TextBox core = TextBox.around(region);
            if (Math.min(core.width(), core.height()) >= SMALLEST && mean(output, width, enlarged, core) >= CONFIDENT) {
                double margin = core.width() * core.height() * GROWTH / (2 * (core.width() + core.height()));
                boxes.add(core.grown(margin).scaled(1 / factor));
            }
        }
        return inReadingOrder(boxes);
    }

    private static TensorData input(Picture picture) {
        int height = (picture.height() + MULTIPLE - 1) / MULTIPLE * MULTIPLE;
        int width = (picture.width() + MULTIPLE - 1) / MULTIPLE * MULTIPLE;
        return TensorData.generate(DataType.FLOAT32, Shape.of(1, 3, height, width), i -> {
            int plane = i / (height * width);
            int y = i / width % height;
            int x = i % width;
            boolean inside = y < picture.height() && x < picture.width();
            return inside ? (picture.planes()[2 - plane][y * picture.width() + x] - MEAN[plane]) / DEVIATION[plane] : 0;
        });
    }

    /** The connected sets of pixels of text, (x, y) each; neighbours touch at a side or a corner. */
    private static List<List<int[]>> regions(TensorData probabilities, int stride, Picture picture) {
        int height = picture.height();
        int width = picture.width();
        boolean[] seen = new boolean[height * width];
        List<List<int[]>> regions = new ArrayList<>();
        for (int start = 0; start < seen.length && regions.size() < MOST_BOXES; start++) {
            List<int[]> region = new ArrayList<>();
            Deque<int[]> open = new ArrayDeque<>();
            visit(start % width, start / width, probabilities, stride, width, seen, open);
            while (!open.isEmpty()) {
                int[] at = open.pop();
                region.add(at);
                for (int y = Math.max(0, at[1] - 1); y <= Math.min(height - 1, at[1] + 1); y++) {
                    for (int x = Math.max(0, at[0] - 1); x <= Math.min(width - 1, at[0] + 1); x++) {
                        visit(x, y, probabilities, stride, width, seen, open);
                    }
                }
            }
            if (!region.isEmpty()) {
                regions.add(region);
            }
        }
        return regions;
    }

    private static void visit(
            int x, int y, TensorData probabilities, int stride, int width, boolean[] seen, Deque<int[]> open) {
        if (!seen[y * width + x] && probabilities.getDouble(y * stride + x) > TEXT) {
            seen[y * width + x] = true;
            open.push(new int[] {x, y});
        }
    }

    /** Of the pixels in a box. */
    private static double mean(TensorData probabilities, int stride, Picture picture, TextBox box) {
        double sum = 0;
        int count = 0;
        double[][] corners = {
            box.at(0, 0), box.at(box.width(), 0), box.at(0, box.height()), box.at(box.width(), box.height())
        };
        int left = picture.width();
        int top = picture.height();
        int right = 0;
        int bottom = 0;
        for (double[] corner : corners) {
            left = Math.min(left, Math.max(0, (int) Math.floor(corner[0])));
            top = Math.min(top, Math.max(0, (int) Math.floor(corner[1])));
            right = Math.max(right, Math.min(picture.width() - 1, (int) Math.ceil(corner[0])));
            bottom = Math.max(bottom, Math.min(picture.height() - 1, (int) Math.ceil(corner[1])));
        }
        for (int y = top; y <= bottom; y++) {
            for (int x = left; x <= right; x++) {
                if (box.contains(x, y)) {
                    sum += probabilities.getDouble(y * stride + x);
                    count++;
                }
            }
        }
        return count == 0 ? 0 : sum / count;
    }

    /** Boxes are on one line if their middles are closer than half of the lower one's height. */
    static List<TextBox> inReadingOrder(List<TextBox> boxes) {
        List<TextBox> sorted = new ArrayList<>(boxes);
        sorted.sort(Comparator.comparingDouble(TextBox::centreY));
        for (int i = 1; i < sorted.size(); i++) {
            for (int j = i; j > 0; j--) {
                TextBox above = sorted.get(j - 1);
                TextBox below = sorted.get(j);
                boolean sameLine = below.centreY() - above.centreY() < Math.min(above.height(), below.height()) / 2;
                if (!sameLine || below.centreX() >= above.centreX()) {
                    break;
                }
                sorted.set(j - 1, below);
                sorted.set(j, above);
            }
        }
        return sorted;
    }
}
