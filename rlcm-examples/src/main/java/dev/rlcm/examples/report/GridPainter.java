package dev.rlcm.examples.report;

import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.List;

/** Lays out and paints an {@link ImageGrid}: headings above, row labels at the left, captions under the pictures. */
final class GridPainter {
    private static final int MARGIN = 24;
    private static final int GAP = 14;
    private static final int CAPTION_GAP = 5;
    private static final int LABEL_GAP = 18;
    private static final int LABEL_WIDTH = 150;
    private static final int LABEL_LINES = 5;
    private static final int HEADING_LINES = 3;
    private static final int PREFERRED_SIDE = 192;
    private static final int LARGEST_AUTOMATIC_SCALE = 3;

    private static final Font HEADING = Style.bold(15);
    private static final Font LABEL = Style.regular(15);
    private static final Font CAPTION = Style.regular(13);

    private final ImageGrid grid;
    private final int scale;
    private final int tileWidth;
    private final int tileHeight;
    private final FontMetrics heading;
    private final FontMetrics label;
    private final FontMetrics caption;
    private final int labelWidth;
    private final int headingHeight;
    private final int captionHeight;

    GridPainter(ImageGrid grid) {
        this.grid = grid;
        List<BufferedImage> images = grid.rows().stream()
                .flatMap(row -> row.tiles().stream())
                .map(Tile::image)
                .toList();
        int width = images.stream().mapToInt(BufferedImage::getWidth).max().orElseThrow();
        int height = images.stream().mapToInt(BufferedImage::getHeight).max().orElseThrow();
        int automatic = Math.max(1, Math.min(LARGEST_AUTOMATIC_SCALE, PREFERRED_SIDE / Math.max(width, height)));
        this.scale = grid.scale() == 0 ? automatic : grid.scale();
        this.tileWidth = width * scale;
        this.tileHeight = height * scale;
        Graphics2D measure = new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB).createGraphics();
        Style.smooth(measure);
        this.heading = measure.getFontMetrics(HEADING);
        this.label = measure.getFontMetrics(LABEL);
        this.caption = measure.getFontMetrics(CAPTION);
        measure.dispose();
        this.labelWidth = grid.rows().stream()
                .flatMap(row -> TextLayout.wrap(row.label(), label, LABEL_WIDTH, LABEL_LINES).stream())
                .mapToInt(label::stringWidth)
                .max()
                .orElse(0);
        int headingLines = grid.columns().stream()
                .mapToInt(text -> text.isBlank() ? 0 : headingLines(text).size())
                .max()
                .orElse(0);
        this.headingHeight = headingLines == 0 ? 0 : headingLines * heading.getHeight() + GAP / 2;
        boolean captioned = grid.rows().stream().anyMatch(row -> row.tiles().stream()
                .anyMatch(tile -> !tile.caption().isBlank()));
        this.captionHeight = captioned ? CAPTION_GAP + caption.getHeight() : 0;
    }

    BufferedImage paint() {
        int left = MARGIN + (labelWidth == 0 ? 0 : labelWidth + LABEL_GAP);
        int columns = grid.columns().size();
        int rows = grid.rows().size();
        int width = left + columns * tileWidth + (columns - 1) * GAP + MARGIN;
        int height = MARGIN + headingHeight + rows * (tileHeight + captionHeight) + (rows - 1) * GAP + MARGIN;
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        try {
            Style.smooth(graphics);
            graphics.setColor(Style.PAPER);
            graphics.fillRect(0, 0, width, height);
            for (int column = 0; column < columns; column++) {
                paintHeading(graphics, grid.columns().get(column), left + column * (tileWidth + GAP));
            }
            for (int row = 0; row < rows; row++) {
                int top = MARGIN + headingHeight + row * (tileHeight + captionHeight + GAP);
                paintLabel(graphics, grid.rows().get(row).label(), top);
                for (int column = 0; column < columns; column++) {
                    Tile tile = grid.rows().get(row).tiles().get(column);
                    paintTile(graphics, tile, left + column * (tileWidth + GAP), top);
                }
            }
        } finally {
            graphics.dispose();
        }
        return image;
    }

    private List<String> headingLines(String text) {
        return TextLayout.wrap(text, heading, tileWidth, HEADING_LINES);
    }

    private void paintHeading(Graphics2D graphics, String text, int x) {
        List<String> lines = headingLines(text);
        graphics.setFont(HEADING);
        graphics.setColor(Style.INK);
        int bottom = MARGIN + headingHeight - GAP / 2;
        int y = bottom - (lines.size() - 1) * heading.getHeight() - heading.getDescent();
        for (String line : lines) {
            graphics.drawString(line, x + (tileWidth - heading.stringWidth(line)) / 2, y);
            y += heading.getHeight();
        }
    }

    private void paintLabel(Graphics2D graphics, String text, int top) {
        List<String> lines = TextLayout.wrap(text, label, LABEL_WIDTH, LABEL_LINES);
        graphics.setFont(LABEL);
        graphics.setColor(Style.INK);
        int y = top + (tileHeight - lines.size() * label.getHeight()) / 2 + label.getAscent();
        for (String line : lines) {
            graphics.drawString(line, MARGIN + labelWidth - label.stringWidth(line), y);
            y += label.getHeight();
        }
    }

    private void paintTile(Graphics2D graphics, Tile tile, int x, int y) {
        int width = tile.image().getWidth() * scale;
        int height = tile.image().getHeight() * scale;
        int left = x + (tileWidth - width) / 2;
        int top = y + (tileHeight - height) / 2;
        graphics.setRenderingHint(
                RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_NEAREST_NEIGHBOR);
        graphics.drawImage(tile.image(), left, top, width, height, null);
        frame(graphics, left, top, width, height);
        String text = TextLayout.wrap(tile.caption(), caption, tileWidth, 1).get(0);
        graphics.setFont(CAPTION);
        graphics.setColor(Style.MUTED);
        graphics.drawString(
                text,
                x + (tileWidth - caption.stringWidth(text)) / 2,
                y + tileHeight + CAPTION_GAP + caption.getAscent());
    }

    /** A hairline just outside the picture, since many are white at the border. */
    private static void frame(Graphics2D graphics, int x, int y, int width, int height) {
        graphics.setColor(Style.RULE);
        graphics.fillRect(x - 1, y - 1, width + 2, 1);
        graphics.fillRect(x - 1, y + height, width + 2, 1);
        graphics.fillRect(x - 1, y, 1, height);
        graphics.fillRect(x + width, y, 1, height);
    }
}
