package dev.rlcm.examples.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.util.Locale;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.XYSeries.XYSeriesRenderStyle;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * One chart of curves. XChart paints everything but the horizontal axis: for series of many points it places ticks at data
 * points of its own choice, which need not be round numbers.
 */
final class LineChart {
    private static final int PADDING = 14;
    private static final int FOOTER = 44;
    private static final int PIXELS_PER_LABEL = 70;

    private final XYChart chart;
    private final int width;
    private final int height;
    private final String axis;
    private double first = Double.POSITIVE_INFINITY;
    private double last = Double.NEGATIVE_INFINITY;
    private int bands;

    /** @param axis what the horizontal axis shows */
    LineChart(String title, String axis, int width, int height, int titleSize) {
        this.axis = axis;
        this.width = width;
        this.height = height;
        chart = new XYChartBuilder()
                .width(width)
                .height(height - FOOTER)
                .title(title)
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
        style.setLegendPosition(LegendPosition.OutsideE);
        style.setLegendBorderColor(Style.PAPER);
        style.setLegendBackgroundColor(Style.PAPER);
        style.setLegendFont(Style.regular(12));
        style.setChartPadding(PADDING);
        style.setAxisTitlesVisible(false);
        style.setXAxisTicksVisible(false);
        style.setAxisTicksMarksVisible(false);
        style.setAxisTicksLineVisible(false);
        style.setAxisTickLabelsFont(Style.regular(12));
        style.setAxisTickLabelsColor(Style.MUTED);
        style.setPlotGridLinesColor(Style.FAINT_RULE);
        style.setPlotGridLinesStroke(new BasicStroke(1));
        style.setPlotGridVerticalLinesVisible(false);
        style.setYAxisTickMarkSpacingHint(44);
        style.setyAxisTickLabelsFormattingFunction(LineChart::valueLabel);
        style.setAntiAlias(true);
    }

    /** Names the lines at the side. */
    void showLegend() {
        chart.getStyler().setLegendVisible(true);
    }

    /** A shaded area between two curves over the same x. */
    void addBand(double[] x, double[] low, double[] high, Color color) {
        int count = x.length;
        double[] around = new double[2 * count];
        double[] edge = new double[2 * count];
        for (int i = 0; i < count; i++) {
            around[i] = x[i];
            around[2 * count - 1 - i] = x[i];
            edge[i] = high[i];
            edge[2 * count - 1 - i] = low[i];
        }
        XYSeries band = chart.addSeries("band " + bands++, around, edge);
        band.setShowInLegend(false);
        band.setXYSeriesRenderStyle(XYSeriesRenderStyle.PolygonArea);
        band.setFillColor(color);
        band.setLineColor(new Color(0, true));
        band.setMarker(SeriesMarkers.NONE);
    }

    /** A curve; a single point becomes a dot. Names must differ. */
    void addLine(String name, double[] x, double[] values, Color color, float stroke) {
        for (double each : x) {
            first = Math.min(first, each);
            last = Math.max(last, each);
        }
        XYSeries line = chart.addSeries(name, x, values);
        line.setLineColor(color);
        line.setLineStyle(new BasicStroke(stroke, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
        line.setMarkerColor(color);
        line.setMarker(x.length == 1 ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE);
    }

    /** Lets the vertical axis begin at zero. */
    void fromZeroTo(double largest) {
        chart.getStyler().setYAxisMin(0.0).setYAxisMax(1.08 * largest);
    }

    /** Paints the chart with its upper left corner at the origin. */
    void paint(Graphics2D graphics) {
        chart.paint(graphics, width, height - FOOTER);
        if (first > last) {
            return;
        }
        graphics.setFont(Style.regular(12));
        graphics.setColor(Style.MUTED);
        FontMetrics metrics = graphics.getFontMetrics();
        int baseline = height - FOOTER - PADDING / 2 + metrics.getAscent();
        long step = labelStep((long) (last - first), width / PIXELS_PER_LABEL);
        for (long tick = (long) Math.ceil(first / step) * step; tick <= last; tick += step) {
            centre(graphics, Long.toString(tick), chart.getScreenXFromChart((double) tick), baseline);
        }
        double middle = (chart.getScreenXFromChart(first) + chart.getScreenXFromChart(last)) / 2;
        graphics.setFont(Style.regular(13));
        graphics.setColor(Style.INK);
        centre(graphics, axis, middle, baseline + metrics.getHeight() + 4);
    }

    private static void centre(Graphics2D graphics, String text, double x, int baseline) {
        int textWidth = graphics.getFontMetrics().stringWidth(text);
        graphics.drawString(text, (float) (x - textWidth / 2.0), baseline);
    }

    /** The smallest of 1, 2, 5, 10, 20, ... that gives at most that many labels. */
    private static long labelStep(long span, int labels) {
        for (long power = 1; ; power *= 10) {
            for (long step : new long[] {power, 2 * power, 5 * power}) {
                if (span / step < labels) {
                    return step;
                }
            }
        }
    }

    private static String valueLabel(double value) {
        double magnitude = Math.abs(value);
        String pattern = magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e6) ? "0.##E0" : "0.#####";
        return new DecimalFormat(pattern, DecimalFormatSymbols.getInstance(Locale.ROOT)).format(value);
    }
}
