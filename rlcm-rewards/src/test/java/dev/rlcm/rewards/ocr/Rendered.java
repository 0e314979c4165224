package dev.rlcm.rewards.ocr;

import dev.rlcm.reward.Sample;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;

/** Pictures of texts, drawn by Java2D. */
final class Rendered {
    private final BufferedImage image;
    private final Graphics2D graphics;

    private Rendered(int width, int height, Color paper) {
        image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        graphics = image.createGraphics();
        graphics.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        graphics.setColor(paper);
        graphics.fillRect(0, 0, width, height);
    }

    static Rendered on(int width, int height, Color paper) {
        return new Rendered(width, height, paper);
    }

    /** Writes a text from a point of its base line on. */
    Rendered write(String text, int x, int y, int size, Color ink) {
        return write(text, x, y, size, ink, 0);
    }

    /** Writes a text that is turned clockwise about the point where it begins. */
    Rendered write(String text, int x, int y, int size, Color ink, double degrees) {
        graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, size));
        graphics.setColor(ink);
        graphics.rotate(Math.toRadians(degrees), x, y);
        graphics.drawString(text, x, y);
        graphics.rotate(-Math.toRadians(degrees), x, y);
        return this;
    }

    Sample sample(String prompt) {
        int width = image.getWidth();
        int height = image.getHeight();
        float[] pixels = new float[3 * width * height];
        for (int i = 0; i < width * height; i++) {
            int rgb = image.getRGB(i % width, i / width);
            for (int plane = 0; plane < 3; plane++) {
                pixels[plane * width * height + i] = (rgb >> 16 - 8 * plane & 0xff) / 255f;
            }
        }
        return Sample.of(prompt, height, width, pixels);
    }
}
