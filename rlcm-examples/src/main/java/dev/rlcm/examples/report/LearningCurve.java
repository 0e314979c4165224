package dev.rlcm.examples.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.ToDoubleFunction;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.XYSeries.XYSeriesRenderStyle;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * The course of a run: the reward's mean with its band by epoch, and below it the approximate KL and the clip fraction.
 * Values that are not finite leave a gap. Immutable.
 *
 * @param rewardLabel what the reward is and its unit, such as {@code reward (-kB)}
 * @param points one per epoch, ascending
 */
public record LearningCurve(String rewardLabel, List<Point> points) {
    private static final int WIDTH = 960;
    private static final int MAIN_HEIGHT = 380;
    private static final int SMALL_HEIGHT = 230;
    private static final int DENSITY = 2;

    /**
     * One epoch.
     *
     * @param low the lower edge of the band: the batch's minimum, or mean - std
     * @param high the upper edge
     * @param approxKl in nats per latent element if log-probabilities are means
     * @param clipFraction share of the rows whose ratio was clipped, in [0, 1]
     */
    public record Point(int epoch, double mean, double low, double high, double approxKl, double clipFraction) {}

    public LearningCurve {
        Objects.requireNonNull(rewardLabel, "rewardLabel");
        points = List.copyOf(points);
    }

    /**
     * Paints the three charts at twice the density of a screen, TYPE_INT_RGB.
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
        BufferedImage image =
                new BufferedImage(DENSITY * WIDTH, DENSITY * (MAIN_HEIGHT + SMALL_HEIGHT), BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        try {
            graphics.setColor(Style.PAPER);
            graphics.fillRect(0, 0, image.getWidth(), image.getHeight());
            graphics.scale(DENSITY, DENSITY);
            Style.smooth(graphics);
            rewardChart(finite).paint(graphics, WIDTH, MAIN_HEIGHT);
            graphics.translate(0, MAIN_HEIGHT);
            smallChart("approximate KL", Point::approxKl, Style.SECOND).paint(graphics, WIDTH / 2, SMALL_HEIGHT);
            graphics.translate(WIDTH / 2, 0);
            smallChart("clip fraction", Point::clipFraction, Style.THIRD).paint(graphics, WIDTH / 2, SMALL_HEIGHT);
        } finally {
            graphics.dispose();
        }
        return image;
    }

    /**
     * Writes the charts as a PNG, atomically.
     *
     * @throws IOException if it cannot be written
     */
    public void write(Path png) throws IOException {
        AtomicWrite.png(png, render());
    }

    private XYChart rewardChart(List<Point> finite) {
        XYChart chart = chart(rewardLabel, WIDTH, MAIN_HEIGHT, 16);
        if (finite.size() > 1) {
            List<Double> x = new ArrayList<>();
            List<Double> y = new ArrayList<>();
            for (Point point : finite) {
                x.add((double) point.epoch);
                y.add(point.high);
            }
            for (int i = finite.size() - 1; i >= 0; i--) {
                x.add((double) finite.get(i).epoch);
                y.add(finite.get(i).low);
            }
            XYSeries band = chart.addSeries("band", x, y);
            band.setXYSeriesRenderStyle(XYSeriesRenderStyle.PolygonArea);
            band.setFillColor(Style.ACCENT_BAND);
            band.setLineColor(new Color(0, true));
            band.setMarker(SeriesMarkers.NONE);
        }
        addLine(chart, finite, Point::mean, Style.ACCENT, 2.4f);
        return chart;
    }

    private XYChart smallChart(String title, ToDoubleFunction<Point> value, Color color) {
        XYChart chart = chart(title, WIDTH / 2, SMALL_HEIGHT, 14);
        List<Point> finite = points.stream()
                .filter(point -> Double.isFinite(value.applyAsDouble(point)))
                .toList();
        if (!finite.isEmpty()) {
            addLine(chart, finite, value, color, 1.8f);
        }
        return chart;
    }

    private static void addLine(
            XYChart chart, List<Point> points, ToDoubleFunction<Point> value, Color color, float width) {
        double[] x = points.stream().mapToDouble(Point::epoch).toArray();
        XYSeries line =
                chart.addSeries("value", x, points.stream().mapToDouble(value).toArray());
        line.setLineColor(color);
        line.setLineStyle(new BasicStroke(width, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
        line.setMarkerColor(color);
        line.setMarker(points.size() == 1 ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE);
    }

    private static XYChart chart(String title, int width, int height, int titleSize) {
        XYChart chart = new XYChartBuilder()
                .width(width)
                .height(height)
                .title(title)
                .xAxisTitle("epoch")
                .build();
        XYStyler style = chart.getStyler();
        style.setLocale(Locale.ROOT);
        style.setChartTitleFont(Style.bold(titleSize));
        style.setChartTitlePadding(12);
        style.setChartFontColor(Style.INK);
        style.setChartBackgroundColor(Style.PAPER);
        style.setPlotBackgroundColor(Style.PAPER);
        style.setPlotBorderVisible(false);
        style.setLegendVisible(false);
        style.setChartPadding(14);
        style.setAxisTitleFont(Style.regular(13));
        style.setYAxisTitleVisible(false);
        style.setAxisTickLabelsFont(Style.regular(12));
        style.setAxisTickLabelsColor(Style.MUTED);
        style.setAxisTickMarksColor(Style.RULE);
        style.setPlotGridLinesColor(Style.FAINT_RULE);
        style.setPlotGridLinesStroke(new BasicStroke(1));
        style.setPlotGridVerticalLinesVisible(false);
        style.setYAxisTickMarkSpacingHint(48);
        style.setxAxisTickLabelsFormattingFunction(LearningCurve::wholeNumber);
        style.setAntiAlias(true);
        return chart;
    }

    private static String wholeNumber(double epoch) {
        long nearest = Math.round(epoch);
        return Math.abs(epoch - nearest) < 1e-9 ? Long.toString(nearest) : " ";
    }
}
