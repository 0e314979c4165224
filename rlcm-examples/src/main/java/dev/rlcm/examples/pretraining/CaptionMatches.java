package dev.rlcm.examples.pretraining;

import dev.rlcm.reward.Sample;
import java.util.List;

/**
 * Which pictures fit which captions. A picture fits its own caption and every caption of the same text. By fields of the metadata, which say what
 * captions say, it also fits a caption all of whose fields it shares: "a cat" fits a cat anywhere, "a cat at night" a cat at night. Where the
 * picture's own caption leaves out a field that the other has, nobody knows.
 *
 * @param fields of the metadata, such as {@code animal} and {@code scene}; a caption that has none of them fits by its text alone
 */
record CaptionMatches(List<String> fields) {
    CaptionMatches {
        fields = List.copyOf(fields);
    }

    /**
     * What {@link dev.rlcm.supervised.ContrastiveBatch} takes: 1 if they fit, 0 if they do not, -1 if nobody knows.
     *
     * @param picture with its own caption
     * @param captioned the picture whose caption it is
     */
    int of(Sample picture, Sample captioned) {
        if (picture.prompt().equals(captioned.prompt())) {
            return 1;
        }
        boolean isAsked = false;
        boolean isKnown = true;
        for (String field : fields) {
            Object asked = captioned.metadata().get(field);
            Object shown = picture.metadata().get(field);
            if (asked != null && shown != null && !asked.equals(shown)) {
                return 0;
            }
            isAsked |= asked != null;
            isKnown &= asked == null || shown != null;
        }
        if (!isAsked) {
            return 0;
        }
        return isKnown ? 1 : -1;
    }
}
