package dev.rlcm.rewrite.convolution;

/**
 * The forms in which {@link MinimalFiltering} computes a convolution, by the size of the tiles and by what lies innermost
 * while it does so.
 *
 * <ul>
 *   <li>Channels first: the transformed kernel is the left operand of its products. Its gradient by the input wants a
 *       transposed copy, since ONNX Runtime takes a transposed operand on the left two to three times slower. Best for few tiles.
 *   <li>Channels last: the transformed kernel is the right operand, which products take as it is and transposed alike, so that
 *       one copy serves both directions. Long runs of channels make its transposes cheap. Best for many tiles.
 * </ul>
 */
enum FilteredForm {
    FIRST_2(Tile.OF_2, false),
    FIRST_4(Tile.OF_4, false),
    LAST_2(Tile.OF_2, true),
    LAST_4(Tile.OF_4, true);

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

    /** For example {@code tiles of 4x4, channels last}. */
    @Override
    public String toString() {
        return "tiles of " + tile.outputs() + "x" + tile.outputs() + ", channels " + (channelsLast ? "last" : "first");
    }
}
