package dev.rlcm.examples.lab;

import java.util.Locale;

/** The emoji sets that pictures are composed from, all of which allow that; see {@code models/emoji-lcm/NOTICE.md}. */
enum EmojiStyle {
    /** Microsoft's shaded style, as bitmaps of 256 x 256 pixels. */
    FLUENT_3D("@lobehub/fluent-emoji-3d", false),
    FLUENT_FLAT("@iconify-json/fluent-emoji-flat", true),
    NOTO("@iconify-json/noto", true),
    TWEMOJI("@iconify-json/twemoji", true);

    /** Of npm. */
    final String packageName;

    /** Whether the package is an Iconify JSON set of SVG drawings, instead of a folder of bitmaps. */
    final boolean isVector;

    EmojiStyle(String packageName, boolean isVector) {
        this.packageName = packageName;
        this.isVector = isVector;
    }

    /** As metadata has it, such as {@code fluent-3d}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
