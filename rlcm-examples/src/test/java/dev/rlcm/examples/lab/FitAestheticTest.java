package dev.rlcm.examples.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.examples.options.Cli;
import dev.rlcm.graph.TensorData;
import dev.rlcm.io.Safetensors;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.encoders.ClipImageEncoder;
import dev.rlcm.rewards.AestheticScore;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FitAestheticTest {
    @Test
    void theStageWritesAScoreFrom0To10(@TempDir Path cache) throws IOException {
        DiscArtwork.write(cache.resolve("artwork"));
        StringWriter table = new StringWriter();
        int code = Cli.commandLine(new FitAesthetic())
                .setOut(new PrintWriter(table, true))
                .execute(
                        "--cache",
                        cache.toString(),
                        "--scenes",
                        "6",
                        "--steps",
                        "2",
                        "--pairs",
                        "2",
                        "--rounds",
                        "1",
                        "--round-epochs",
                        "1");
        assertThat(code).isZero();
        assertThat(table.toString())
                .contains("| blurred |", "| drawn for the score |")
                .doesNotContain("NaN", "3D above flat");
        Path written = cache.resolve("emoji-aesthetic");
        TensorData weight =
                Safetensors.read(written.resolve("head.safetensors")).tensor("layers.0.weight");
        double length = Math.sqrt(
                Arrays.stream(weight.toDoubles()).map(each -> each * each).sum());
        assertThat(length).as("half of the scale, for embeddings of length 1").isCloseTo(5, within(1e-5));
        try (OrtBackend backend = OrtBackend.cpu(1)) {
            AestheticScore score =
                    AestheticScore.load(ClipImageEncoder.load(written, backend), written.resolve("head.safetensors"));
            PictureMaker maker = PictureMaker.load(cache.resolve("artwork"), false, 3);
            double[] scores =
                    score.score(List.copyOf(maker.inAllStyles(0).pictures().values()));
            assertThat(scores).hasSize(3);
            assertThat(Arrays.stream(scores)).allMatch(each -> each > 0 && each < 10);
        }
    }
}
