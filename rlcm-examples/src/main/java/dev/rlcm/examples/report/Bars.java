package dev.rlcm.examples.report;

import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.geom.RoundRectangle2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * One number for each of several runs, as horizontal bars from zero. The colours are those of {@link Curves} in the same
 * order. Immutable.
 *
 * @param title what the numbers are
 * @param unit stands behind each
 * @param bars top to bottom
 */
public record Bars(String title, String unit, List<Bar> bars) {
    private static final int WIDTH = 960;
    private static final int TOP = 56;
    private static final int ROW = 36;
    private static final int LABELS = 190;
    private static final int VALUES = 120;
    private static final int PADDING = 24;

    /** A labelled number, finite and not negative. */
    public record Bar(String label, double value) {
        public Bar {
            if (!(value >= 0) || Double.isInfinite(value)) {
                throw new IllegalArgumentException(
                        "the bar \"" + label + "\" must be finite and not negative, got " + value);
            }
        }
    }

    public Bars {
        bars = List.copyOf(bars);
    }

    /** No bars yet. */
    public static Bars of(String title, String unit) {
        return new Bars(title, unit, List.of());
    }

    public Bars with(String label, double value) {
        List<Bar> more = new ArrayList<>(bars);
        more.add(new Bar(label, value));
        return new Bars(title, unit, more);
    }

    /** Paints the bars at twice the density of a screen, TYPE_INT_RGB. */
    public BufferedImage render() {
        return Canvas.paint(WIDTH, TOP + ROW * bars.size() + PADDING, this::paint);
    }

    /**
     * Writes the bars as a PNG, atomically.
     *
     * @throws IOException if it cannot be written
     */
    public void write(Path png) throws IOException {
        Png.write(png, render());
    }

    private void paint(Graphics2D graphics) {
        graphics.setFont(Style.bold(16));
        graphics.setColor(Style.INK);
        graphics.drawString(title, (WIDTH - graphics.getFontMetrics().stringWidth(title)) / 2, 34);
        graphics.setFont(Style.regular(13));
        FontMetrics metrics = graphics.getFontMetrics();
        double largest = bars.stream().mapToDouble(Bar::value).max().orElse(0);
        for (int i = 0; i < bars.size(); i++) {
            Bar bar = bars.get(i);
            int middle = TOP + ROW * i + ROW / 2;
            int baseline = middle + (metrics.getAscent() - metrics.getDescent()) / 2;
            double length = largest == 0 ? 0 : (WIDTH - LABELS - VALUES) * bar.value / largest;
            graphics.setColor(Style.INK);
            graphics.drawString(bar.label, LABELS - 12 - metrics.stringWidth(bar.label), baseline);
            graphics.drawString(Html.number(bar.value) + " " + unit, (int) (LABELS + length + 10), baseline);
            graphics.setColor(Style.series(i));
            graphics.fill(new RoundRectangle2D.Double(LABELS, middle - 11, Math.max(1, length), 22, 4, 4));
        }
    }
}
