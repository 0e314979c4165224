package dev.rlcm.examples.report;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.util.List;

/** Colours and fonts that the pictures of a report share. */
final class Style {
    static final Color PAPER = Color.WHITE;
    static final Color INK = new Color(0x1f2328);
    static final Color MUTED = new Color(0x656d76);
    static final Color RULE = new Color(0xd0d7de);
    static final Color FAINT_RULE = new Color(0xebeef1);
    static final Color ACCENT = new Color(0x0969da);
    static final Color ACCENT_BAND = band(ACCENT);
    static final Color SECOND = new Color(0x8250df);
    static final Color THIRD = new Color(0xbc4c00);

    private static final List<Color> SERIES = List.of(
            new Color(0x9ecbff),
            ACCENT,
            new Color(0x033d8b),
            THIRD,
            SECOND,
            new Color(0x1a7f37),
            new Color(0xbf3989),
            MUTED);

    private Style() {}

    /** The colour of the i-th of several runs; after eight they come again. */
    static Color series(int i) {
        return SERIES.get(i % SERIES.size());
    }

    /** The colour of the band around a curve of that colour. */
    static Color band(Color curve) {
        return new Color(curve.getRed(), curve.getGreen(), curve.getBlue(), 0x2e);
    }

    static Font regular(int size) {
        return new Font(Font.SANS_SERIF, Font.PLAIN, size);
    }

    static Font bold(int size) {
        return new Font(Font.SANS_SERIF, Font.BOLD, size);
    }

    static void smooth(Graphics2D graphics) {
        graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        graphics.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        graphics.setRenderingHint(RenderingHints.KEY_FRACTIONALMETRICS, RenderingHints.VALUE_FRACTIONALMETRICS_ON);
        graphics.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
    }
}
