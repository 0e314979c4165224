package dev.rlcm.examples.report;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Pictures in rows and columns with headings, for example a row per prompt and a column per epoch. Small pictures are
 * enlarged by a whole factor, pixel by pixel. Immutable.
 *
 * @param columns the headings; every row has that many tiles
 * @param rows top to bottom
 * @param scale the factor of enlargement, at least 1; 0 chooses 1 to 3 by the pictures' size
 */
public record ImageGrid(List<String> columns, List<Row> rows, int scale) {
    /** A labelled row of pictures. */
    public record Row(String label, List<Tile> tiles) {
        public Row {
            tiles = List.copyOf(tiles);
        }
    }

    public ImageGrid {
        columns = List.copyOf(columns);
        rows = List.copyOf(rows);
        if (columns.isEmpty()) {
            throw new IllegalArgumentException("a grid needs at least one column");
        }
        if (scale < 0) {
            throw new IllegalArgumentException("scale must be at least 1, or 0 to choose it, got " + scale);
        }
        for (Row row : rows) {
            if (row.tiles.size() != columns.size()) {
                throw new IllegalArgumentException("row \"" + row.label + "\" has " + row.tiles.size()
                        + " pictures, the grid has " + columns.size() + " columns");
            }
        }
    }

    /** A grid without rows yet; a heading may be empty. */
    public static ImageGrid of(String... columns) {
        return new ImageGrid(List.of(columns), List.of(), 0);
    }

    public ImageGrid withRow(String label, List<Tile> tiles) {
        List<Row> more = new ArrayList<>(rows);
        more.add(new Row(label, tiles));
        return new ImageGrid(columns, more, scale);
    }

    public ImageGrid withScale(int newScale) {
        return new ImageGrid(columns, rows, newScale);
    }

    /**
     * Paints the grid, TYPE_INT_RGB.
     *
     * @throws IllegalStateException if it has no rows
     */
    public BufferedImage render() {
        if (rows.isEmpty()) {
            throw new IllegalStateException("the grid has no rows; add some by withRow");
        }
        return new GridPainter(this).paint();
    }

    /**
     * Writes the grid as a PNG, atomically.
     *
     * @throws IOException if it cannot be written
     */
    public void write(Path png) throws IOException {
        Png.write(png, render());
    }
}
