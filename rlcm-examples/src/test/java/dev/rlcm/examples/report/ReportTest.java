package dev.rlcm.examples.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.io.AtomicFiles;
import dev.rlcm.reward.Sample;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {
    @TempDir
    Path folder;

    @Test
    void aGridShowsEveryPixelOfEveryPictureEnlarged() throws IOException {
        ImageGrid grid = ImageGrid.of("before", "after")
                .withRow("a photo of a cat", List.of(tile(0xff0000), tile(0x00ff00)))
                .withRow("a photo of a dog", List.of(tile(0x0000ff), tile(0x123456)));
        Path png = folder.resolve("deep/er/grid.png");
        grid.write(png);
        BufferedImage image = ImageIO.read(png.toFile());
        for (int color : new int[] {0xff0000, 0x00ff00, 0x0000ff, 0x123456}) {
            assertThat(count(image, color)).isEqualTo(9 * 8 * 6);
        }
        assertThat(image.getRGB(0, 0)).isEqualTo(0xffffffff);
        assertThat(grid.withScale(1).render().getWidth()).isEqualTo(image.getWidth() - 2 * 2 * 8);
        assertThat(count(grid.withScale(5).render(), 0x123456)).isEqualTo(25 * 8 * 6);
        assertThat(fileNames(png)).containsExactly("grid.png");
    }

    @Test
    void longLabelsDoNotMoveTheColumnsApart() {
        String longest = "a very long prompt about a great many things ".repeat(20);
        int width = ImageGrid.of(longest, longest)
                .withRow(longest, List.of(tile(1), tile(2)))
                .render()
                .getWidth();
        assertThat(width).isLessThan(24 + 150 + 18 + 2 * 24 + 14 + 24 + 1);
    }

    @Test
    void aGridChecksItsShape() {
        assertThatThrownBy(() -> ImageGrid.of("before", "after").withRow("cat", List.of(tile(0))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("row \"cat\" has 1 pictures, the grid has 2 columns");
        assertThatThrownBy(() -> ImageGrid.of("before").render()).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(ImageGrid::of).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ImageGrid.of("a").withScale(-1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void theCurveIsDrawnForAnyNumberOfEpochsAndSkipsWhatIsNotFinite() throws IOException {
        for (int epochs : new int[] {1, 2, 100}) {
            List<LearningCurve.Point> points = points(epochs);
            Path png = folder.resolve("curve.png");
            new LearningCurve("reward (-kB)", points).write(png);
            BufferedImage image = ImageIO.read(png.toFile());
            assertThat(image.getWidth()).isEqualTo(1920);
            assertThat(image.getHeight()).isEqualTo(1220);
            assertThat(count(image, Style.ACCENT.getRGB())).isPositive();
            assertThat(count(image, Style.SECOND.getRGB())).isPositive();
            assertThat(count(image, Style.THIRD.getRGB())).isPositive();
        }
        double nan = Double.NaN;
        List<LearningCurve.Point> broken = new ArrayList<>(points(5));
        broken.add(new LearningCurve.Point(5, -2, -3, -1, nan, nan));
        broken.add(new LearningCurve.Point(6, nan, nan, nan, 0, 0));
        assertThat(new LearningCurve("reward", broken).render().getWidth()).isEqualTo(1920);
        List<LearningCurve.Point> flat =
                List.of(new LearningCurve.Point(0, 1, 1, 1, 0, 0), new LearningCurve.Point(1, 1, 1, 1, 0, 0));
        assertThat(count(new LearningCurve("reward", flat).render(), Style.THIRD.getRGB()))
                .isPositive();
        List<LearningCurve.Point> parts = List.of(
                new LearningCurve.Point(0, 1, 1, 1, 0, 0, Map.of("drift", 0.5)),
                new LearningCurve.Point(1, 1, 1, 1, 0, 0, Map.of("drift", 0.25, "kl", 1.0)));
        assertThat(new LearningCurve("reward", parts).render().getHeight())
                .as("a row of two charts more")
                .isEqualTo(new LearningCurve("reward", flat).render().getHeight() + 2 * 230);
        assertThatThrownBy(() -> new LearningCurve("reward", List.of()).render())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("at least one epoch");
    }

    @Test
    void thePageIsSelfContainedAndEscaped() throws IOException {
        List<Map<String, Number>> rows = new ArrayList<>();
        for (int epoch = 0; epoch < 25; epoch++) {
            rows.add(row(epoch));
        }
        Path file = folder.resolve("report.html");
        RunReport.titled("Run <1> & \"more\"", "it's done")
                .outcome("mean JPEG size", 2.98, 1.49, "kB")
                .table("Configuration", Map.of("prompt", "<script>alert('x')</script>"))
                .figure("Before and after", tile(0xff0000).image(), "left: \"before\"")
                .metrics("Metrics", rows)
                .command("Reproduce", "In the root:", "mvn -q compile exec:java -Dexec.args=\"--seed 1 && ls\"")
                .write(file);
        String html = Files.readString(file);
        assertThat(html)
                .contains(
                        "<h1>Run &lt;1&gt; &amp; &quot;more&quot;</h1>",
                        "&lt;script&gt;alert(&#39;x&#39;)",
                        "2.980<small>kB",
                        "\u221250.0<small>%",
                        "All 25 rows",
                        "alt=\"left: &quot;before&quot;\" src=\"data:image/png;base64,iVBOR",
                        "--seed 1 &amp;&amp; ls")
                .doesNotContain("<script", "<link", "@import", "url(", "href", "srcset");
        assertThat(html.replaceAll("src=\"data:image/png;base64,[\\w+/=]+\"", ""))
                .doesNotContain("src=", "//");
        for (String tag : new String[] {"section", "table", "div", "tr", "td", "th", "figure", "details", "style"}) {
            assertThat(html.split("<" + tag + "[ >]", -1)).as(tag).hasSameSizeAs(html.split("</" + tag + ">", -1));
        }
        assertThat(fileNames(file)).containsExactly("report.html");
    }

    @Test
    void metricsSurviveAReopenedFileAndAForeignLocale() throws IOException {
        Locale before = Locale.getDefault();
        Path file = folder.resolve("run/metrics.csv");
        try {
            Locale.setDefault(Locale.GERMANY);
            try (MetricsCsv csv = MetricsCsv.open(file)) {
                csv.append(row(0));
                assertThat(Files.readAllLines(file)).hasSize(2);
            }
            Files.writeString(file, "1,0.2", StandardOpenOption.APPEND);
            try (MetricsCsv csv = MetricsCsv.open(file)) {
                csv.append(row(1));
            }
        } finally {
            Locale.setDefault(before);
        }
        assertThat(Files.readAllLines(file))
                .containsExactly("epoch,reward,approx_kl", "0,-3.0,1.0E-5", "1,-2.5,1.0E-5");
    }

    @Test
    void metricsAreReadAsTheyWereWritten() throws IOException {
        Path file = folder.resolve("metrics.csv");
        assertThat(MetricsCsv.read(file)).isEmpty();
        List<Map<String, Number>> rows =
                List.of(new LinkedHashMap<>(Map.of("epoch", 0L)), new LinkedHashMap<>(Map.of("epoch", Double.NaN)));
        MetricsCsv.write(file, rows);
        Files.writeString(file, "12", StandardOpenOption.APPEND);
        assertThat(MetricsCsv.read(file)).isEqualTo(rows);
        Files.writeString(file, ",3\n", StandardOpenOption.APPEND);
        assertThatThrownBy(() -> MetricsCsv.read(file))
                .isInstanceOf(IOException.class)
                .hasMessage(file + " has a row of 2 values under 1 columns: 12,3");
    }

    @Test
    void everyRunHasItsColourInCurvesAndBars() throws IOException {
        Curves curves = Curves.of("reward", "seconds")
                .with("slow", List.of(new Curves.Point(0, -3), new Curves.Point(30.5, -2)))
                .with("fast", List.of(new Curves.Point(0, -3), new Curves.Point(2.5, -1)))
                .with("short", List.of(new Curves.Point(0, -2.5)));
        Path png = folder.resolve("curves.png");
        curves.write(png);
        BufferedImage image = ImageIO.read(png.toFile());
        for (int i = 0; i < 3; i++) {
            assertThat(count(image, Style.series(i).getRGB())).isPositive();
        }
        assertThat(count(image, Style.series(3).getRGB())).isZero();
    }

    @Test
    void aSpreadBecomesABandOfItsSize() {
        Color band = Style.band(Style.series(0));
        double share = band.getAlpha() / 255.0;
        int onPaper = new Color(
                        blend(band.getRed(), share), blend(band.getGreen(), share), blend(band.getBlue(), share))
                .getRGB();
        long none = count(spread(0), onPaper);
        long narrow = count(spread(0.1), onPaper);
        long wide = count(spread(0.2), onPaper);
        assertThat(none).isLessThan(narrow / 100);
        assertThat((double) wide / narrow).isBetween(1.8, 2.2);
    }

    private static int blend(int channel, double share) {
        return (int) Math.round(share * channel + (1 - share) * 255);
    }

    /** A flat curve with a band, between two points that hold the axis. */
    private static BufferedImage spread(double spread) {
        return Curves.of("reward", "seconds")
                .with("banded", List.of(new Curves.Point(0, 0, spread), new Curves.Point(10, 0, spread)))
                .with("low", List.of(new Curves.Point(0, -1)))
                .with("high", List.of(new Curves.Point(0, 1)))
                .render();
    }

    @Test
    void barsAreAsLongAsTheirNumbers() throws IOException {
        Path png = folder.resolve("bars.png");
        Bars.of("time", "ms").with("one", 10).with("two", 20).with("none", 0).write(png);
        BufferedImage image = ImageIO.read(png.toFile());
        double one = count(image, Style.series(0).getRGB());
        assertThat(count(image, Style.series(1).getRGB()) / one).isBetween(1.95, 2.05);
        assertThat(Bars.of("time", "ms").with("none", 0).render().getWidth()).isEqualTo(image.getWidth());
        assertThatThrownBy(() -> Bars.of("time", "ms").with("broken", Double.NaN))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the bar \"broken\" must be finite and not negative, got NaN");
    }

    @Test
    void rowsMayBeNamedByWords() throws IOException {
        Path file = folder.resolve("compare.csv");
        try (MetricsCsv csv = MetricsCsv.open(file)) {
            csv.append(Map.of("method", "RLCM"));
            assertThatThrownBy(() -> csv.append(Map.of("method", "RLCM, DDPO")))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("[RLCM, DDPO]");
        }
        assertThat(file).hasContent("method\nRLCM\n");
        assertThat(RunReport.titled("a", "")
                        .metrics("b", List.of(Map.of("method", "<x>")))
                        .html())
                .contains("<td>&lt;x&gt;</td>");
    }

    @Test
    void metricsOfAnotherKindAreRejected() throws IOException {
        try (MetricsCsv csv = MetricsCsv.open(folder.resolve("metrics.csv"))) {
            assertThatThrownBy(() -> csv.append(Map.of("a,b", 1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("[a,b]");
            assertThatThrownBy(() -> csv.append(Map.of())).isInstanceOf(IllegalArgumentException.class);
            csv.append(row(0));
            assertThatThrownBy(() -> csv.append(Map.of("epoch", 1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("the columns of");
        }
    }

    @Test
    void aFailedWriteLeavesTheOldFileAndNothingElse() throws IOException {
        Path file = folder.resolve("kept.txt");
        Files.writeString(file, "old");
        assertThatThrownBy(() -> AtomicFiles.write(file, out -> {
                    out.write('n');
                    throw new IOException("No space left on device");
                }))
                .isInstanceOf(IOException.class)
                .hasMessage(file + ": No space left on device");
        assertThat(file).hasContent("old");
        assertThat(fileNames(file)).containsExactly("kept.txt");
    }

    /** 8 x 6 pixels of one colour. */
    private static Tile tile(int rgb) {
        float[] pixels = new float[3 * 6 * 8];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (rgb >> (16 - 8 * (i / 48)) & 0xff) / 255f;
        }
        return Tile.of(Sample.of("", 6, 8, pixels), "2.98 kB");
    }

    private static List<LearningCurve.Point> points(int epochs) {
        List<LearningCurve.Point> points = new ArrayList<>();
        for (int i = 0; i < epochs; i++) {
            double mean = -3 + 1.7 * (1 - Math.exp(-i / 25.0)) + 0.08 * Math.sin(i * 1.7);
            points.add(new LearningCurve.Point(
                    i, mean, mean - 0.6, mean + 0.5, 2e-5 * (1 + Math.sin(i)), 0.2 + 0.1 * Math.cos(i)));
        }
        return points;
    }

    private static Map<String, Number> row(int epoch) {
        Map<String, Number> row = new LinkedHashMap<>();
        row.put("epoch", epoch);
        row.put("reward", -3 + 0.5 * epoch);
        row.put("approx_kl", 1e-5);
        return Collections.unmodifiableMap(row);
    }

    private static long count(BufferedImage image, int rgb) {
        long count = 0;
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                count += (image.getRGB(x, y) & 0xffffff) == (rgb & 0xffffff) ? 1 : 0;
            }
        }
        return count;
    }

    private static List<String> fileNames(Path sibling) throws IOException {
        try (Stream<Path> files = Files.list(sibling.toAbsolutePath().getParent())) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }

    @Test
    void filesOfMetricsThatCannotBeReadOrWrittenAreNamed() throws IOException {
        assertThatThrownBy(() -> MetricsCsv.open(folder))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(folder.toString());
        Path file = folder.resolve("latin1.csv");
        Files.write(file, new byte[] {(byte) 0xe4, '\n', '1', '\n'});
        assertThatThrownBy(() -> MetricsCsv.read(file)).hasMessage(file + ": it is not UTF-8 text");
        assertThatThrownBy(() -> MetricsCsv.open(file)).hasMessage(file + ": it is not UTF-8 text");
    }
}
