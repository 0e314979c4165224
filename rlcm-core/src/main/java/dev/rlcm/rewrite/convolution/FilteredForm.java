package dev.rlcm.rewrite.convolution;

import dev.rlcm.graph.Op;
import dev.rlcm.graph.Value;
import java.util.Arrays;

/**
 * The forms in which {@link MinimalFiltering} computes a convolution, by the size of the tiles and by what lies innermost
 * while it does so.
 *
 * <ul>
 *   <li>Channels first: the transformed kernel is the left operand of its products. Its gradient by the input wants a
 *       transposed copy, since ONNX Runtime takes a transposed operand on the left two to three times slower. Best for few tiles.
 *   <li>Channels last: the transformed kernel is the right operand, which products take as it is and transposed alike, so that
 *       one copy serves both directions. Long runs of channels make its transposes cheap. Best for many tiles.
 *   <li>Upsampled: for the convolution of a picture that nearest-neighbour upsampling by 2 has enlarged. It reads the small
 *       picture and takes four times fewer multiplications with a kernel as large as the direct one. Channels are last.
 * </ul>
 */
enum FilteredForm {
    FIRST_2(Tile.OF_2, false),
    FIRST_4(Tile.OF_4, false),
    LAST_2(Tile.OF_2, true),
    LAST_4(Tile.OF_4, true),
    UPSAMPLED(Tile.UPSAMPLED, true);

    private final Tile tile;
    private final boolean channelsLast;

    FilteredForm(Tile tile, boolean channelsLast) {
        this.tile = tile;
        this.channelsLast = channelsLast;
    }

    Tile tile() {
        return tile;
    }

    boolean isChannelsLast() {
        return channelsLast;
    }

    /** Elements of the transformed kernel for each filter of 3 x 3. */
    int points() {
        return tile.inputs() * tile.inputs();
    }

    /** Whether a convolution that {@link MinimalFiltering#fits} has the form. */
    boolean fits(Value conv) {
        return tile.upsampling() == 1 || isOfUpsampled(conv);
    }

    /** Of a picture enlarged by 2 along both sides and padded by 1, so that tiles begin where a repeated element does. */
    static boolean isOfUpsampled(Value conv) {
        Value x = conv.in(0);
        return x.is(Op.RESIZE)
                && Arrays.equals(x.attributes().ints("scales"), new int[] {1, 1, 2, 2})
                && Arrays.equals(conv.attributes().ints("pads"), new int[] {1, 1, 1, 1});
    }

    /** For example {@code tiles of 4x4, channels last}. */
    @Override
    public String toString() {
        return "tiles of " + tile.outputs() + "x" + tile.outputs()
                + (tile.upsampling() == 1 ? "" : " before upsampling") + ", channels "
                + (channelsLast ? "last" : "first");
    }
}
