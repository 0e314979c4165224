package dev.rlcm.examples.lab;

import com.github.weisj.jsvg.SVGDocument;
import com.github.weisj.jsvg.parser.LoaderContext;
import com.github.weisj.jsvg.parser.SVGLoader;
import com.github.weisj.jsvg.view.ViewBox;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;

/**
 * Drawings as pixels. All have premultiplied alpha, so that no filter mixes the colours of pixels that cannot be seen into edges.
 */
final class Rasters {
    /** Of drawings that are rasterised: larger than they appear in any picture, so that they are never enlarged. */
    private static final int SIDE = 384;

    private Rasters() {}

    /** @param document an SVG, square */
    static BufferedImage svg(String document) throws IOException {
        ByteArrayInputStream in = new ByteArrayInputStream(document.getBytes(StandardCharsets.UTF_8));
        SVGDocument drawing = new SVGLoader().load(in, URI.create("memory:drawing"), LoaderContext.createDefault());
        if (drawing == null) {
            throw new IOException("JSVG cannot read " + document.substring(0, Math.min(120, document.length())));
        }
        BufferedImage image = transparent(SIDE, SIDE);
        Graphics2D graphics = smooth(image);
        drawing.render(null, graphics, new ViewBox(SIDE, SIDE));
        graphics.dispose();
        return image;
    }

    static BufferedImage transparent(int width, int height) {
        return new BufferedImage(width, height, BufferedImage.TYPE_INT_ARGB_PRE);
    }

    static BufferedImage premultiplied(BufferedImage image) {
        BufferedImage copy = transparent(image.getWidth(), image.getHeight());
        Graphics2D graphics = copy.createGraphics();
        graphics.drawImage(image, 0, 0, null);
        graphics.dispose();
        return copy;
    }

    /** Graphics with antialiased edges and interpolation; the caller disposes of them. */
    static Graphics2D smooth(BufferedImage image) {
        Graphics2D graphics = image.createGraphics();
        graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        graphics.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
        graphics.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
        graphics.setRenderingHint(RenderingHints.KEY_RENDERING, RenderingHints.VALUE_RENDER_QUALITY);
        return graphics;
    }

    /** The part of a drawing that can be seen, sharing its pixels. */
    static BufferedImage cropped(BufferedImage image) {
        int left = image.getWidth();
        int right = 0;
        int top = image.getHeight();
        int bottom = 0;
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                if (image.getRGB(x, y) >>> 24 > 8) {
                    left = Math.min(left, x);
                    right = Math.max(right, x + 1);
                    top = Math.min(top, y);
                    bottom = Math.max(bottom, y + 1);
                }
            }
        }
        if (left >= right) {
            throw new IllegalArgumentException("the drawing is empty");
        }
        return image.getSubimage(left, top, right - left, bottom - top);
    }
}
