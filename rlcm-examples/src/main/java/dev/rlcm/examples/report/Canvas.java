package dev.rlcm.examples.report;

import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.util.function.Consumer;

/** Pictures of charts, at twice the density of a screen. */
final class Canvas {
    private static final int DENSITY = 2;

    private Canvas() {}

    /** A white picture that was painted on, TYPE_INT_RGB; sizes are in points. */
    static BufferedImage paint(int width, int height, Consumer<Graphics2D> painter) {
        BufferedImage image = new BufferedImage(DENSITY * width, DENSITY * height, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        try {
            graphics.setColor(Style.PAPER);
            graphics.fillRect(0, 0, image.getWidth(), image.getHeight());
            graphics.scale(DENSITY, DENSITY);
            Style.smooth(graphics);
            painter.accept(graphics);
        } finally {
            graphics.dispose();
        }
        return image;
    }
}
