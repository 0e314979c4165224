package dev.rlcm.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.examples.compare.CompareOptions;
import dev.rlcm.examples.compare.Contender;
import dev.rlcm.examples.compare.Method;
import dev.rlcm.io.Safetensors;
import dev.rlcm.ppo.PpoConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CompareTest {
    @TempDir
    Path directory;

    @Test
    void everyContenderHasTheSamePicturesAndItsOwnEvaluations() throws IOException {
        Path run = directory.resolve("run");
        Object[] arguments = {
            "--horizons", 2, "--ddpo-steps", 3, "--epochs", 2, "--trajectories", 4, "--rank", 2, "--output", run
        };
        Commands.succeed(new Compare(), arguments);
        List<String[]> rows = Files.readAllLines(run.resolve("compare.csv")).stream()
                .map(line -> line.split(",", -1))
                .toList();
        assertThat(rows.get(0))
                .containsExactly(
                        "method",
                        "horizon",
                        "epochs",
                        "reward_mean",
                        "evaluated_mean",
                        "pictures",
                        "network_evaluations",
                        "training_s",
                        "sampling_s");
        assertThat(rows.stream().skip(1).map(row -> String.join(" ", row[0], row[1], row[2], row[5], row[6])))
                .containsExactly(
                        "RLCM 2 0 0 0",
                        "RLCM 2 1 4 8",
                        "RLCM 2 2 8 16",
                        "DDPO 3 0 0 0",
                        "DDPO 3 1 4 24",
                        "DDPO 3 2 8 48");
        assertThat(rows.get(1)[3]).isEqualTo("NaN");
        assertThat(Double.parseDouble(rows.get(3)[4])).isNotEqualTo(Double.parseDouble(rows.get(1)[4]));
        for (String chart : List.of("reward-by-pictures", "reward-by-seconds", "sampling-time", "before-after")) {
            assertThat(ImageIO.read(run.resolve(chart + ".png").toFile()).getWidth())
                    .isGreaterThan(1000);
        }
        for (String adapter : List.of("rlcm-2", "ddpo-3")) {
            assertThat(Safetensors.read(run.resolve(adapter + ".safetensors")).tensors())
                    .isNotEmpty();
        }
        assertThat(run.resolve("report.html")).content().contains("RLCM, 2 steps", "DDPO, 3 steps", "emoji-ldm");
        assertThat(Commands.fail(new Compare(), arguments)).contains("already holds a comparison");
    }

    @Test
    void comparisonsThatCannotBeAreRefusedBeforeAnythingIsTrained() {
        assertThat(refused("--horizons", 0, "--ddpo-steps", 0)).contains("nothing to compare");
        assertThat(refused("--horizons", "4,4")).contains("a horizon stands twice");
        assertThat(refused("--horizons", "1,4")).contains("horizons must be at least 2, got [1, 4]");
        assertThat(refused("--evaluate-every", 0)).contains("evaluate-every must be at least 1, got 0");
        assertThat(refused("--diffusion-model", directory.resolve("none"))).contains("none does not exist");
        assertThat(refused("--reward", "aesthetic")).contains("needs --clip");
        assertThat(refused("--epochs", 0)).contains("epochs must be at least 1, got 0");
        assertThat(refused("--horizons", -3)).contains("steps must be at least 1, got -3");
        assertThat(refused("--prompts", directory.resolve("none"))).contains("no such file");
        assertThat(refused("--guidance", 0.5)).contains("guidanceScale must be at least 1");
        assertThat(refused("--learning-rate", -1)).contains("learningRate must be finite and not negative");
        assertThat(refused("--rank", 0)).contains("rank must be at least 1, got 0");
        assertThat(refused("--targets", "none")).contains("no layer matches");
        assertThat(refused("--ddpo-steps", 2000)).contains("evaluations must be in [1, 1000], got 2000");
        assertThat(refused("--model", directory)).contains("--model needs a --diffusion-model");
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void whatWasDoneIsKeptIfALaterContenderDiverges() {
        Path run = directory.resolve("run");
        String message = Commands.fail(
                new Compare(),
                "--horizons",
                2,
                "--ddpo-steps",
                2,
                "--ddpo-learning-rate",
                1e30,
                "--epochs",
                2,
                "--trajectories",
                4,
                "--rank",
                2,
                "--output",
                run);
        assertThat(message).contains("the model diverged");
        assertThat(run.resolve("report.html"))
                .content()
                .contains("RLCM, 2 steps")
                .doesNotContain("DDPO, 2 steps");
        assertThat(run.resolve("compare.csv")).content().contains("DDPO,2,1,");
    }

    private String refused(Object... arguments) {
        Object[] all = new Object[arguments.length + 2];
        System.arraycopy(arguments, 0, all, 0, arguments.length);
        all[arguments.length] = "--output";
        all[arguments.length + 1] = directory.resolve("run");
        return Commands.fail(new Compare(), all);
    }

    /** The last minibatch of an optimiser step is filled up, and costs as much as a full one. */
    @ParameterizedTest
    @ValueSource(ints = {1, 3, 7, 10, 20})
    void minibatchesAreFull(int actions) {
        PpoConfig config = new CompareOptions().ppo(new Contender(Method.RLCM, actions + 1, 1e-3), actions);
        int rows = config.trajectoriesPerStep() * actions;
        int minibatches = -Math.floorDiv(-rows, config.minibatch());
        assertThat(config.minibatch()).isLessThanOrEqualTo(24);
        assertThat(minibatches * config.minibatch() - rows).isLessThan(minibatches);
    }
}
