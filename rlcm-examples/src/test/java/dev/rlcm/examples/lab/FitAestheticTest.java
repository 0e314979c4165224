package dev.rlcm.examples.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.examples.options.Cli;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.encoders.ClipImageEncoder;
import dev.rlcm.reward.Sample;
import dev.rlcm.rewards.AestheticScore;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.commons.math3.stat.StatUtils;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FitAestheticTest {
    @Test
    void whatTheStageWritesPutsTheMeanOfTheRealPicturesAt5(@TempDir Path cache) throws IOException {
        DiscArtwork.write(cache.resolve("artwork"));
        StringWriter table = new StringWriter();
        int code = Cli.commandLine(new FitAesthetic())
                .setOut(new PrintWriter(table, true))
                .execute("--cache", cache.toString(), "--scenes", "6", "--steps", "3", "--pairs", "2");
        assertThat(code).isZero();
        assertThat(table.toString())
                .contains("| blurred |", "| drawn by the model |")
                .doesNotContain("NaN", "3D above flat");
        try (OrtBackend backend = OrtBackend.cpu(1)) {
            AestheticScore score = score(cache.resolve("emoji-aesthetic"), backend);
            PictureMaker maker = PictureMaker.load(cache.resolve("artwork"), false, 3);
            List<Sample> real = IntStream.range(1, 5) // 0 and 5 are held out
                    .mapToObj(maker::inAllStyles)
                    .flatMap(styles -> styles.pictures().values().stream())
                    .toList();
            assertThat(StatUtils.mean(score.score(real))).isCloseTo(5, within(1e-4));
        }
    }

    private static AestheticScore score(Path directory, OrtBackend backend) throws IOException {
        return AestheticScore.load(ClipImageEncoder.load(directory, backend), directory.resolve("head.safetensors"));
    }
}
