package dev.rlcm.examples.report;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * Several runs in one chart, each with its name and colour. Immutable.
 *
 * @param title what the vertical axis shows, such as {@code reward (-kB)}
 * @param axis what the horizontal axis shows
 * @param lines of different names
 */
public record Curves(String title, String axis, List<Line> lines) {
    private static final int WIDTH = 960;
    private static final int HEIGHT = 400;

    /**
     * A point of a curve, finite.
     *
     * @param spread half the height of a band around the curve; 0 for none
     */
    public record Point(double x, double y, double spread) {
        public Point(double x, double y) {
            this(x, y, 0);
        }
    }

    /**
     * A run.
     *
     * @param points in ascending order of x, at least one
     * @param colour which of the report's colours, from 0
     */
    public record Line(String name, List<Point> points, int colour) {
        public Line {
            points = List.copyOf(points);
        }

        private double[] values(ToDoubleFunction<Point> coordinate) {
            return points.stream().mapToDouble(coordinate).toArray();
        }
    }

    public Curves {
        lines = List.copyOf(lines);
    }

    /** An empty chart. */
    public static Curves of(String title, String axis) {
        return new Curves(title, axis, List.of());
    }

    /** With one more curve, in the next colour. */
    public Curves with(String name, List<Point> points) {
        return with(name, points, lines.size());
    }

    /** With one more curve, in a colour that it has in other charts, too. */
    public Curves with(String name, List<Point> points, int colour) {
        List<Line> more = new ArrayList<>(lines);
        more.add(new Line(name, points, colour));
        return new Curves(title, axis, more);
    }

    /** Paints the chart at twice the density of a screen, TYPE_INT_RGB. */
    public BufferedImage render() {
        LineChart chart = new LineChart(title, axis, WIDTH, HEIGHT, 16);
        chart.showLegend();
        for (Line line : lines) {
            Color colour = Style.series(line.colour);
            if (line.points.stream().anyMatch(point -> point.spread > 0)) {
                chart.addBand(
                        line.values(Point::x),
                        line.values(point -> point.y - point.spread),
                        line.values(point -> point.y + point.spread),
                        Style.band(colour));
            }
            chart.addLine(line.name, line.values(Point::x), line.values(Point::y), colour, 2.4f);
        }
        return Canvas.paint(WIDTH, HEIGHT, chart::paint);
    }

    /**
     * Writes the chart as a PNG, atomically.
     *
     * @throws IOException if it cannot be written
     */
    public void write(Path png) throws IOException {
        Png.write(png, render());
    }
}
