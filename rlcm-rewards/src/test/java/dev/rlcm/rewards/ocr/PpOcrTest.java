package dev.rlcm.rewards.ocr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.reward.Sample;
import java.awt.Color;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The real networks on pictures whose texts are known. */
class PpOcrTest {
    private static OrtBackend backend;
    private static PpOcr reader;

    @BeforeAll
    static void load() throws IOException {
        backend = OrtBackend.cpu(2);
        reader = PpOcr.load(backend);
    }

    @AfterAll
    static void close() {
        reader.close();
        backend.close();
    }

    @ParameterizedTest
    @CsvSource({
        "Hello World, 512, 512, 60",
        "OPEN 24 HOURS, 512, 512, 48",
        "Reinforcement Learning, 640, 320, 44",
        "$19.99, 256, 256, 50",
        "STOP, 64, 64, 20",
    })
    void aLineIsReadToTheLetter(String text, int width, int height, int size) {
        Sample picture = Rendered.on(width, height, Color.WHITE)
                .write(text, width / 20, height / 2, size, Color.BLACK)
                .sample("");
        assertThat(read(picture)).isEqualTo(text.replace(" ", ""));
    }

    @Test
    void coloursDoNotMatter() {
        Sample picture = Rendered.on(512, 256, new Color(30, 60, 120))
                .write("Bakery & Cafe", 40, 150, 52, new Color(255, 220, 90))
                .sample("");
        assertThat(read(picture)).isEqualTo("Bakery&Cafe");
    }

    @Test
    void linesAreReadFromTopToBottomAndFromLeftToRight() {
        Sample picture = Rendered.on(640, 480, Color.WHITE)
                .write("second", 380, 104, 40, Color.BLACK)
                .write("first", 40, 100, 40, Color.BLACK)
                .write("third line", 40, 220, 40, Color.BLACK)
                .write("the end", 200, 400, 40, Color.BLACK)
                .sample("");
        assertThat(read(picture)).isEqualTo("firstsecondthirdlinetheend");
    }

    @ParameterizedTest
    @CsvSource({"15, 60, 150", "-20, 60, 330", "90, 240, 60"})
    void tiltedLinesAreSetUpright(double degrees, int x, int y) {
        Sample picture = Rendered.on(512, 512, Color.WHITE)
                .write("Grand Hotel", x, y, 52, Color.BLACK, degrees)
                .sample("");
        assertThat(read(picture)).isEqualTo("GrandHotel");
    }

    @Test
    void aPictureWithoutTextHasNone() {
        Sample blank = Rendered.on(256, 256, Color.LIGHT_GRAY).sample("");
        assertThat(reader.read(List.of(blank))).containsExactly("");
        assertThat(reader.read(List.of())).isEmpty();
    }

    @Test
    void theRewardIsHighWhereTheAskedForTextIsDrawn() {
        TextAccuracy accuracy = new TextAccuracy(reader);
        Rendered sign = Rendered.on(512, 512, Color.WHITE).write("Fresh Bread", 60, 200, 56, Color.BLACK);
        double[] scores = accuracy.score(List.of(
                sign.sample("a shop window that says \"Fresh Bread\""),
                sign.sample("a shop window that says \"fresh beard\""),
                sign.sample("a shop window that says \"Closed on Mondays\""),
                Rendered.on(512, 512, Color.WHITE).sample("a shop window that says \"Fresh Bread\"")));
        assertThat(scores[0]).isEqualTo(1);
        assertThat(scores[1]).isEqualTo(1 - 2.0 / 10);
        assertThat(scores[2]).isLessThan(0.4);
        assertThat(scores[3]).isZero();
    }

    @Test
    void aSmallPictureWithLargeLettersNeedsLittleEnlargement() {
        Sample picture = Rendered.on(64, 64, Color.WHITE)
                .write("STOP", 3, 40, 20, Color.BLACK)
                .sample("");
        assertThat(reader.withShorterSide(256).read(List.of(picture))).containsExactly("STOP");
        assertThatThrownBy(() -> reader.withShorterSide(31))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("at least 32 pixels, got 31");
    }

    @Test
    void aPictureIsReadAlikeAloneAndBesideOthers() {
        Sample first = Rendered.on(300, 200, Color.WHITE)
                .write("alone", 40, 120, 60, Color.BLACK)
                .sample("");
        Sample second = Rendered.on(600, 200, Color.WHITE)
                .write("not alone at all", 20, 120, 60, Color.BLACK)
                .sample("");
        assertThat(reader.read(List.of(first, second)))
                .containsExactly(
                        reader.read(List.of(first)).get(0),
                        reader.read(List.of(second)).get(0));
    }

    /** Without spaces, which the recogniser is not sure of. */
    private static String read(Sample picture) {
        return reader.read(List.of(picture)).get(0).replace(" ", "");
    }

    @Test
    void aClosedReaderSaysSo() throws IOException {
        PpOcr closed = PpOcr.load(backend);
        closed.close();
        closed.close();
        Sample blank = Rendered.on(64, 64, Color.WHITE).sample("");
        assertThatThrownBy(() -> closed.read(List.of(blank)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
    }
}
