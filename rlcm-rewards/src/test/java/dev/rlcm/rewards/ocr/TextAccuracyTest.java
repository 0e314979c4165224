package dev.rlcm.rewards.ocr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.reward.Prompt;
import dev.rlcm.reward.Sample;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The formula, by cases computed by hand and by properties of the edit distance. */
class TextAccuracyTest {
    @ParameterizedTest
    @CsvSource({
        "open, open, 1",
        "open, OPEN, 1",
        "open 24 h, op en24h, 1",
        "open, we are open today, 1",
        "kitten, sitting, 0.5", // three edits of six
        "abcd, abXd, 0.75",
        "abcd, abd, 0.75",
        "abcd, abcXd, 0.75",
        "cat, a long text about dogs, 0", // more edits than letters
        "cat, '', 0"
    })
    void scoresAreOneMinusTheShareOfEdits(String wanted, String read, double expected) {
        assertThat(score(wanted, read)).isCloseTo(expected, within(1e-12));
    }

    @Test
    void charactersBeyondTheFirstPlaneCountOnce() {
        assertThat(score("\ud83d\ude00\ud83d\ude01", "\ud83d\ude00\ud83d\ude02"))
                .isEqualTo(0.5);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "a sign that says \"Open\" | Open",
                "the words \u201cNo Entry\u201d on a door | No Entry",
                "ein Schild mit \u201eHalt\u201c | Halt",
                "\"\" and \"first\" and \"second\" | first",
            })
    void theWantedTextIsTheFirstInQuotes(String prompt, String expected) {
        assertThat(TextAccuracy.quoted(prompt)).isEqualTo(expected);
    }

    @Test
    void promptsWithoutTextAreRefusedWithTheRemedy() {
        assertThatThrownBy(() -> TextAccuracy.quoted("a cat's bowl"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("<a cat's bowl>")
                .hasMessageContaining("double quotes");
        TextAccuracy nothing = new TextAccuracy(samples -> List.of("text"), sample -> "  ");
        assertThatThrownBy(() -> nothing.score(List.of(blank("a cat"))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"a cat\"");
    }

    @Test
    void thePromptsFieldTellsTheTextBeforeItsQuotes() {
        TextAccuracy accuracy = new TextAccuracy(samples -> List.of("closed"));
        Prompt prompt = Prompt.of("a sign that does not say \"open\"");
        Sample told = blank("").withPrompt(prompt.with("text", "closed"));
        assertThat(accuracy.score(List.of(told))).containsExactly(1);
        Sample number = blank("").withPrompt(prompt.with("text", 24));
        assertThatThrownBy(() -> accuracy.score(List.of(number)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"text\"")
                .hasMessageContaining("got 24");
    }

    @Test
    void aReaderThatDropsAPictureIsCaught() {
        TextAccuracy accuracy = new TextAccuracy(samples -> List.of("open"));
        assertThatThrownBy(() -> accuracy.score(List.of(blank("\"open\""), blank("\"open\""))))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("1 texts for 2 pictures");
    }

    @Test
    void noPicturesAreNotRead() {
        TextAccuracy accuracy = new TextAccuracy(samples -> {
            throw new AssertionError("was asked");
        });
        assertThat(accuracy.score(List.of())).isEmpty();
    }

    @Property
    void theDistanceIsAMetric(@ForAll("words") String a, @ForAll("words") String b, @ForAll("words") String c) {
        assertThat(EditDistance.of(a, b)).isEqualTo(EditDistance.of(b, a));
        assertThat(EditDistance.of(a, b) == 0).isEqualTo(a.equals(b));
        assertThat(EditDistance.of(a, c)).isLessThanOrEqualTo(EditDistance.of(a, b) + EditDistance.of(b, c));
        assertThat(EditDistance.of(a, b))
                .isBetween(Math.abs(a.length() - b.length()), Math.max(a.length(), b.length()));
    }

    @Property
    void oneInsertionIsOneEdit(
            @ForAll @CharRange(from = 'a', to = 'd') @StringLength(max = 12) String text, @ForAll("places") double at) {
        int place = (int) (at * text.length());
        assertThat(EditDistance.of(text, text.substring(0, place) + "x" + text.substring(place)))
                .isEqualTo(1);
    }

    @Provide
    Arbitrary<String> words() {
        return Arbitraries.strings().withCharRange('a', 'c').ofMaxLength(8);
    }

    @Provide
    Arbitrary<Double> places() {
        return Arbitraries.doubles().between(0, 1);
    }

    private static double score(String wanted, String read) {
        return new TextAccuracy(samples -> List.of(read), sample -> wanted).score(List.of(blank("")))[0];
    }

    private static Sample blank(String prompt) {
        return Sample.of(prompt, 1, 1, new float[3]);
    }
}
