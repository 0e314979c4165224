package dev.rlcm.examples.lab;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.LinearGradientPaint;
import java.awt.Paint;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/** The seven scenes, in units of one pixel of the finished picture. Nothing is finer than what the VAE can keep, 2 pixels. */
final class Backdrops {
    /** Of the square that is painted. */
    static final int SIDE = 64;

    private static final List<Color> BLADES = colours(0x348827, 0x3d8832, 0x4aa035, 0x6fcd4f, 0x8ad466);
    private static final List<Color> STARS = colours(0xfffbe0, 0xf9e9b0, 0xb9bcd6);
    private static final List<Color> PASTELS = colours(0xf7dbda, 0xdaecf7, 0xdff3df, 0xfaf0d2, 0xe8def5, 0xf2f2f2);

    private Backdrops() {}

    /** Blades of 2 pixels in width and 7 to 10 in length, every 5 x 8 pixels. */
    static void grass(Graphics2D graphics, RandomGenerator random) {
        fill(graphics, gradient(0x6fbd57, 0x3f8434));
        graphics.setStroke(new BasicStroke(2, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
        for (int row = -1; row <= SIDE / 8; row++) {
            for (int column = 0; column <= SIDE / 5; column++) {
                double x = 5 * column + random.nextDouble(-2, 2);
                double y = 8 * row + random.nextDouble(-2, 2);
                double length = random.nextDouble(7, 10);
                graphics.setPaint(pick(BLADES, random));
                graphics.draw(new Line2D.Double(x, y + length, x + random.nextDouble(-1.5, 1.5), y));
            }
        }
    }

    /** Wavy crests every 8.5 to 10 pixels. */
    static void sea(Graphics2D graphics, RandomGenerator random) {
        fill(graphics, gradient(0x2a71c3, 0x215a9c));
        graphics.setPaint(new Color(0x84b8e6));
        graphics.setStroke(new BasicStroke(2));
        waves(graphics, random, random.nextDouble(8.5, 10), 1.5, random.nextDouble(12, 16));
    }

    /** Stars of 2 or 4 pixels on a jittered grid. */
    static void night(Graphics2D graphics, RandomGenerator random) {
        fill(graphics, gradient(0x050a30, 0x282663));
        grid(11, random, (x, y) -> {
            graphics.setPaint(pick(STARS, random));
            dot(graphics, x, y, random.nextInt(3) == 0 ? 4 : 2.2);
        });
    }

    /** Wavy ripples every 7.5 to 9 pixels, and pebbles of 3 pixels. */
    static void sand(Graphics2D graphics, RandomGenerator random) {
        fill(graphics, new Color(0xe7c78d));
        graphics.setPaint(new Color(0xc39b62));
        graphics.setStroke(new BasicStroke(2));
        waves(graphics, random, random.nextDouble(7.5, 9), 1.8, random.nextDouble(22, 34));
        graphics.setPaint(new Color(0x8c683c));
        for (int i = random.nextInt(8, 16); i > 0; i--) {
            dot(graphics, random.nextDouble(SIDE), random.nextDouble(SIDE), 3);
        }
    }

    /** Flakes of 3 or 4 pixels on a jittered grid. */
    static void snow(Graphics2D graphics, RandomGenerator random) {
        fill(graphics, gradient(0x8db5d9, 0x98c3e4));
        graphics.setPaint(new Color(0xfdfdfd));
        grid(9, random, (x, y) -> dot(graphics, x, y, random.nextDouble(3, 4)));
    }

    static void sunset(Graphics2D graphics, RandomGenerator random) {
        fill(graphics, gradient(0x62357a, 0xad5064, 0xf56c51, 0xf8a262, 0xfbd575));
    }

    static void plain(Graphics2D graphics, RandomGenerator random) {
        fill(graphics, pick(PASTELS, random));
    }

    private static void fill(Graphics2D graphics, Paint paint) {
        graphics.setPaint(paint);
        graphics.fill(new Rectangle2D.Double(0, 0, SIDE, SIDE));
    }

    /** From top to bottom, with the colours at equal distances. */
    private static LinearGradientPaint gradient(int... rgb) {
        float[] fractions = new float[rgb.length];
        for (int i = 0; i < rgb.length; i++) {
            fractions[i] = (float) i / (rgb.length - 1);
        }
        return new LinearGradientPaint(0, 0, 0, SIDE, fractions, colours(rgb).toArray(Color[]::new));
    }

    private static void waves(
            Graphics2D graphics, RandomGenerator random, double distance, double height, double length) {
        for (double base = random.nextDouble(distance) - distance; base < SIDE + distance; base += distance) {
            double phase = random.nextDouble(2 * Math.PI);
            Path2D wave = new Path2D.Double();
            wave.moveTo(-1, base + height * Math.sin(phase - 2 * Math.PI / length));
            for (int x = 0; x <= SIDE + 1; x++) {
                wave.lineTo(x, base + height * Math.sin(phase + 2 * Math.PI * x / length));
            }
            graphics.draw(wave);
        }
    }

    /** Something at a point. */
    @FunctionalInterface
    private interface Mark {
        void paint(double x, double y);
    }

    private static void grid(int distance, RandomGenerator random, Mark mark) {
        for (int y = 0; y <= SIDE / distance; y++) {
            for (int x = 0; x <= SIDE / distance; x++) {
                mark.paint(distance * (x + random.nextDouble()), distance * (y + random.nextDouble()));
            }
        }
    }

    private static void dot(Graphics2D graphics, double x, double y, double diameter) {
        graphics.fill(new Ellipse2D.Double(x - diameter / 2, y - diameter / 2, diameter, diameter));
    }

    private static <T> T pick(List<T> from, RandomGenerator random) {
        return from.get(random.nextInt(from.size()));
    }

    private static List<Color> colours(int... rgb) {
        return Arrays.stream(rgb).mapToObj(Color::new).toList();
    }
}
