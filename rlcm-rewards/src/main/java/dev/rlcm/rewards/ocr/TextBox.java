package dev.rlcm.rewards.ocr;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;

/**
 * A rectangle around a line of text, which may be tilted: its first corner (x, y), a unit vector (ux, uy) along the line, which
 * points to the right, and the extents along that and across it, in pixels; y grows downwards.
 */
record TextBox(double x, double y, double ux, double uy, double width, double height) {
    /**
     * The rectangle of the smallest area around points: one of its sides is along a side of their convex hull.
     *
     * @param points (x, y), at least one
     */
    static TextBox around(List<int[]> points) {
        List<int[]> hull = hull(points);
        TextBox best = along(hull, 1, 0);
        for (int i = 0; i < hull.size(); i++) {
            int[] from = hull.get(i);
            int[] to = hull.get((i + 1) % hull.size());
            double length = Math.hypot(to[0] - from[0], to[1] - from[1]);
            if (length > 0) {
                TextBox box = along(hull, (to[0] - from[0]) / length, (to[1] - from[1]) / length);
                best = box.width * box.height < best.width * best.height ? box : best;
            }
        }
        return best;
    }

    private static TextBox along(List<int[]> points, double sideX, double sideY) {
        boolean flat = Math.abs(sideX) >= Math.abs(sideY);
        double dx = flat ? sideX : -sideY;
        double dy = flat ? sideY : sideX;
        double ux = dx < 0 ? -dx : dx;
        double uy = dx < 0 ? -dy : dy;
        double left = Double.POSITIVE_INFINITY;
        double right = Double.NEGATIVE_INFINITY;
        double top = Double.POSITIVE_INFINITY;
        double bottom = Double.NEGATIVE_INFINITY;
        for (int[] point : points) {
            double across = point[1] * ux - point[0] * uy;
            double forward = point[0] * ux + point[1] * uy;
            left = Math.min(left, forward);
            right = Math.max(right, forward);
            top = Math.min(top, across);
            bottom = Math.max(bottom, across);
        }
        return new TextBox(left * ux - top * uy, left * uy + top * ux, ux, uy, right - left, bottom - top);
    }

    /** Andrew's monotone chain, counter-clockwise without repetition. */
    private static List<int[]> hull(List<int[]> points) {
        List<int[]> sorted = new ArrayList<>(points);
        sorted.sort(Comparator.<int[]>comparingInt(p -> p[0]).thenComparingInt(p -> p[1]));
        List<int[]> hull = new ArrayList<>();
        for (int pass = 0; pass < 2; pass++) {
            int start = hull.size();
            for (int[] point : sorted) {
                while (hull.size() >= start + 2
                        && turn(hull.get(hull.size() - 2), hull.get(hull.size() - 1), point) <= 0) {
                    hull.remove(hull.size() - 1);
                }
                hull.add(point);
            }
            if (hull.size() > 1) {
                hull.remove(hull.size() - 1);
            }
            Collections.reverse(sorted);
        }
        return hull;
    }

    private static long turn(int[] a, int[] b, int[] c) {
        return (long) (b[0] - a[0]) * (c[1] - a[1]) - (long) (b[1] - a[1]) * (c[0] - a[0]);
    }

    /** The point so far along the line and across it. */
    double[] at(double along, double across) {
        return new double[] {x + along * ux - across * uy, y + along * uy + across * ux};
    }

    boolean contains(double px, double py) {
        double along = (px - x) * ux + (py - y) * uy;
        double across = (py - y) * ux - (px - x) * uy;
        double slack = 1e-6;
        return along >= -slack && along <= width + slack && across >= -slack && across <= height + slack;
    }

    /** Larger by a margin on every side. */
    TextBox grown(double margin) {
        double[] corner = at(-margin, -margin);
        return new TextBox(corner[0], corner[1], ux, uy, width + 2 * margin, height + 2 * margin);
    }

    /** In a picture that is so many times as large. */
    TextBox scaled(double factor) {
        return new TextBox(x * factor, y * factor, ux, uy, width * factor, height * factor);
    }

    double centreY() {
        return at(width / 2, height / 2)[1];
    }

    double centreX() {
        return at(width / 2, height / 2)[0];
    }
}
