package dev.rlcm.examples.report;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.ToDoubleFunction;

/**
 * The course of a run: the reward's mean with its band by epoch, and below it the approximate KL, the clip fraction, and
 * what the loss reports of its parts.
 * Values that are not finite leave a gap. Immutable.
 *
 * @param rewardLabel what the reward is and its unit, such as {@code reward (-kB)}
 * @param points one per epoch, ascending
 */
public record LearningCurve(String rewardLabel, List<Point> points) {
    private static final int WIDTH = 960;
    private static final int MAIN_HEIGHT = 380;
    private static final int SMALL_HEIGHT = 230;

    /**
     * One epoch.
     *
     * @param low the lower edge of the band: the batch's minimum, or mean - std
     * @param high the upper edge
     * @param approxKl in nats per latent element if log-probabilities are means
     * @param clipFraction share of the rows whose ratio was clipped, in [0, 1]
     * @param parts what the loss reported, by name
     */
    public record Point(
            int epoch,
            double mean,
            double low,
            double high,
            double approxKl,
            double clipFraction,
            Map<String, Double> parts) {
        public Point {
            parts = Map.copyOf(parts);
        }

        /** An epoch whose loss reported nothing. */
        public Point(int epoch, double mean, double low, double high, double approxKl, double clipFraction) {
            this(epoch, mean, low, high, approxKl, clipFraction, Map.of());
        }
    }

    public LearningCurve {
        Objects.requireNonNull(rewardLabel, "rewardLabel");
        points = List.copyOf(points);
    }

    /**
     * Paints the charts at twice the density of a screen, TYPE_INT_RGB.
     *
     * @throws IllegalStateException if no epoch has a finite reward
     */
    public BufferedImage render() {
        List<Point> finite = points.stream()
                .filter(p -> Double.isFinite(p.mean) && Double.isFinite(p.low) && Double.isFinite(p.high))
                .toList();
        if (finite.isEmpty()) {
            throw new IllegalStateException("a learning curve needs at least one epoch with a finite reward, got "
                    + points.size() + " epochs and none such");
        }
        List<LineChart> small = smallCharts();
        int rows = (small.size() + 1) / 2;
        return Canvas.paint(WIDTH, MAIN_HEIGHT + rows * SMALL_HEIGHT, graphics -> {
            rewardChart(finite).paint(graphics);
            for (int i = 0; i < small.size(); i++) {
                Graphics2D place = (Graphics2D) graphics.create();
                place.translate(i % 2 * WIDTH / 2, MAIN_HEIGHT + i / 2 * SMALL_HEIGHT);
                small.get(i).paint(place);
                place.dispose();
            }
        });
    }

    private List<LineChart> smallCharts() {
        List<LineChart> charts = new ArrayList<>();
        charts.add(smallChart("approximate KL", Point::approxKl, Style.SECOND));
        charts.add(smallChart("clip fraction", Point::clipFraction, Style.THIRD));
        points.stream()
                .flatMap(point -> point.parts().keySet().stream())
                .distinct()
                .sorted()
                .forEach(part -> charts.add(smallChart(
                        part + ", part of the loss",
                        point -> point.parts().getOrDefault(part, Double.NaN),
                        Style.SECOND)));
        return charts;
    }

    /**
     * Writes the charts as a PNG, atomically.
     *
     * @throws IOException if it cannot be written
     */
    public void write(Path png) throws IOException {
        Png.write(png, render());
    }

    private LineChart rewardChart(List<Point> finite) {
        LineChart chart = new LineChart(rewardLabel, "epoch", WIDTH, MAIN_HEIGHT, 16);
        if (finite.size() > 1) {
            chart.addBand(epochs(finite), values(finite, Point::low), values(finite, Point::high), Style.ACCENT_BAND);
        }
        chart.addLine("value", epochs(finite), values(finite, Point::mean), Style.ACCENT, 2.4f);
        return chart;
    }

    private LineChart smallChart(String title, ToDoubleFunction<Point> value, Color color) {
        LineChart chart = new LineChart(title, "epoch", WIDTH / 2, SMALL_HEIGHT, 14);
        List<Point> finite = points.stream()
                .filter(point -> Double.isFinite(value.applyAsDouble(point)))
                .toList();
        if (finite.isEmpty()) {
            return chart;
        }
        double[] values = values(finite, value);
        chart.addLine("value", epochs(finite), values, color, 1.8f);
        double largest = Arrays.stream(values).max().orElseThrow();
        if (largest > 0 && Arrays.stream(values).min().orElseThrow() >= 0) {
            chart.fromZeroTo(largest);
        }
        return chart;
    }

    private static double[] epochs(List<Point> points) {
        return values(points, Point::epoch);
    }

    private static double[] values(List<Point> points, ToDoubleFunction<Point> value) {
        return points.stream().mapToDouble(value).toArray();
    }
}
