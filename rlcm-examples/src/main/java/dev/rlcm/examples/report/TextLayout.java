package dev.rlcm.examples.report;

import java.awt.FontMetrics;
import java.util.ArrayList;
import java.util.List;

/** Breaks text into lines that fit a width. */
final class TextLayout {
    private static final String ELLIPSIS = "\u2026";

    private TextLayout() {}

    /** At most {@code limit} lines, broken between words; what does not fit is cut with an ellipsis. */
    static List<String> wrap(String text, FontMetrics metrics, int width, int limit) {
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder();
        for (String word : text.strip().split("\\s+", -1)) {
            String longer = line.isEmpty() ? word : line + " " + word;
            if (line.isEmpty() || metrics.stringWidth(longer) <= width || lines.size() == limit - 1) {
                line.setLength(0);
                line.append(longer);
            } else {
                lines.add(line.toString());
                line.setLength(0);
                line.append(word);
            }
        }
        lines.add(line.toString());
        lines.replaceAll(each -> cut(each, metrics, width));
        return lines;
    }

    private static String cut(String line, FontMetrics metrics, int width) {
        if (metrics.stringWidth(line) <= width) {
            return line;
        }
        int end = line.length();
        while (end > 0 && metrics.stringWidth(line.substring(0, end) + ELLIPSIS) > width) {
            end = line.offsetByCodePoints(end, -1);
        }
        return line.substring(0, end).stripTrailing() + ELLIPSIS;
    }
}
