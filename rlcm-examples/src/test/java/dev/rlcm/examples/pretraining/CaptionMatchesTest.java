package dev.rlcm.examples.pretraining;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.reward.Prompt;
import dev.rlcm.reward.Sample;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CaptionMatchesTest {
    private static final CaptionMatches MATCHES = new CaptionMatches(List.of("animal", "scene"));
    private static final Sample CAT = sample("a cat", Map.of("animal", "cat"));
    private static final Sample OTHER_CAT = sample("the cat", Map.of("animal", "cat"));
    private static final Sample CAT_AT_NIGHT = sample("a cat at night", Map.of("animal", "cat", "scene", "night"));
    private static final Sample CAT_AT_SEA = sample("a cat in the sea", Map.of("animal", "cat", "scene", "sea"));
    private static final Sample DOG = sample("a dog", Map.of("animal", "dog"));

    private static Sample sample(String text, Map<String, Object> metadata) {
        return Sample.of("", 1, 1, new float[3]).withPrompt(new Prompt(text, metadata));
    }

    @Test
    void aPictureFitsACaptionAllOfWhoseFieldsItShares() {
        assertThat(MATCHES.of(CAT_AT_NIGHT, CAT_AT_NIGHT)).isEqualTo(1);
        assertThat(MATCHES.of(CAT_AT_NIGHT, CAT)).isEqualTo(1);
        assertThat(MATCHES.of(CAT, OTHER_CAT)).isEqualTo(1);
    }

    @Test
    void aPictureDoesNotFitACaptionThatSaysOtherwise() {
        assertThat(MATCHES.of(CAT_AT_NIGHT, CAT_AT_SEA)).isZero();
        assertThat(MATCHES.of(CAT, DOG)).isZero();
        assertThat(MATCHES.of(DOG, CAT_AT_SEA)).isZero();
    }

    /** The cat may be anywhere, at night as well. */
    @Test
    void nobodyKnowsWhetherAPictureFitsWhatItsOwnCaptionDoesNotSay() {
        assertThat(MATCHES.of(CAT, CAT_AT_NIGHT)).isEqualTo(-1);
    }

    @Test
    void withoutMetadataTheTextDecides() {
        Sample one = sample("a red house", Map.of());
        Sample same = sample("a red house", Map.of("animal", "none"));
        assertThat(MATCHES.of(one, same)).isEqualTo(1);
        assertThat(MATCHES.of(one, sample("a blue house", Map.of()))).isZero();
        assertThat(MATCHES.of(CAT, one)).isZero();
    }
}
