package dev.rlcm.examples.bench;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A convolution that is measured alone.
 *
 * @param rows of its input
 * @param in channels of its input
 * @param out channels of its output
 * @param size height and width of its input, before it is enlarged
 */
record ConvolutionSpec(int rows, int in, int out, int size, Kind kind) {
    /** How it is written on the command line. */
    static final String FORMAT = "ROWSxINxOUTxSIZE[:up|:down|:pointwise]";

    private static final String NUMBER = "(\\d{1,6})";
    private static final Pattern PATTERN =
            Pattern.compile(String.join("x", NUMBER, NUMBER, NUMBER, NUMBER) + "(?::(up|down|pointwise))?");

    /** What the UNet of Stable Diffusion has. */
    enum Kind {
        /** 3x3, stride 1. */
        SAME,
        /** 3x3, stride 1, of a picture that nearest-neighbour upsampling has enlarged by 2. */
        UP,
        /** 3x3, stride 2. */
        DOWN,
        /** 1x1. */
        POINTWISE;

        int kernel() {
            return this == POINTWISE ? 1 : 3;
        }

        int stride() {
            return this == DOWN ? 2 : 1;
        }
    }

    /** @throws IllegalArgumentException unless it has the {@link #FORMAT} */
    static ConvolutionSpec parse(String text) {
        Matcher matcher = PATTERN.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "a convolution is written " + FORMAT + ", such as 1x320x320x64, got " + text);
        }
        String kind = matcher.group(5);
        return new ConvolutionSpec(
                Integer.parseInt(matcher.group(1)),
                Integer.parseInt(matcher.group(2)),
                Integer.parseInt(matcher.group(3)),
                Integer.parseInt(matcher.group(4)),
                kind == null ? Kind.SAME : Kind.valueOf(kind.toUpperCase(Locale.ROOT)));
    }

    @Override
    public String toString() {
        String suffix = kind == Kind.SAME ? "" : ":" + kind.name().toLowerCase(Locale.ROOT);
        return rows + "x" + in + "x" + out + "x" + size + suffix;
    }
}
