package dev.rlcm.examples.options;

import java.util.Locale;

/** The settings of the paper's tasks (Oertell et al., 2024, appendix B, Table 1), as configurations that come along. */
enum Preset {
    PAPER_COMPRESSION,
    PAPER_INCOMPRESSION,
    PAPER_AESTHETIC,
    PAPER_ALIGNMENT;

    String resource() {
        return "/presets/" + this + ".json";
    }

    /** As the command line has it. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
