package dev.rlcm.spark.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.examples.Train;
import dev.rlcm.examples.options.Cli;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The main, against the training command without a cluster. */
@Tag("cluster")
class TrainOnSparkTest {
    private static final List<String> OPTIONS = List.of(
            "--model",
            System.getProperty("rlcm.root") + "/fixtures/tiny-lcm",
            "--threads",
            "1",
            "--trajectories",
            "8",
            "--sample-batch",
            "2",
            "--minibatch",
            "5",
            "--drift-patch",
            "1",
            "--rank",
            "2");

    @TempDir
    Path directory;

    private final StringWriter err = new StringWriter();

    private int submit(String... more) {
        List<String> arguments = new ArrayList<>(List.of("--master", "local[2]"));
        Collections.addAll(arguments, more);
        return Cli.commandLine(new TrainOnSpark())
                .setErr(new PrintWriter(err))
                .execute(arguments.toArray(String[]::new));
    }

    private String[] with(List<String> before, String epochs) {
        List<String> all = new ArrayList<>(before);
        all.addAll(OPTIONS);
        all.addAll(List.of("--epochs", epochs));
        return all.toArray(String[]::new);
    }

    @Test
    void theAdapterIsThatOfTheTrainingCommandAlsoWhenTheDriverStartsAgain() throws Exception {
        Path alone = directory.resolve("alone");
        assertThat(Cli.commandLine(new Train()).execute(with(List.of("--output", alone.toString()), "2")))
                .isZero();
        String adapter = directory.resolve("cluster.safetensors").toUri().toString();
        String checkpoint = directory.resolve("checkpoint.safetensors").toUri().toString();
        List<String> own = List.of("--adapter", adapter, "--checkpoint", checkpoint, "--");
        assertThat(submit(with(own, "1"))).as(err::toString).isZero();
        assertThat(submit(with(own, "2"))).as(err::toString).isZero();
        // The learning rate falls over the epochs asked for, so that only a run in one piece is the same.
        assertThat(submit(with(List.of("--adapter", adapter, "--"), "2")))
                .as(err::toString)
                .isZero();
        assertThat(directory.resolve("cluster.safetensors"))
                .hasSameBinaryContentAs(alone.resolve("adapter.safetensors"));
    }

    @Test
    void optionsThatNobodyKnowsAreRefused() {
        assertThat(submit("--adapter", directory.resolve("a.safetensors").toString(), "--", "--epoch", "2"))
                .isEqualTo(1);
        assertThat(err.toString()).contains("the options of the training command: Unknown options: '--epoch', '2'");
        assertThat(Files.exists(directory.resolve("a.safetensors"))).isFalse();
    }
}
