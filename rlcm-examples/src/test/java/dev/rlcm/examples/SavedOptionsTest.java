package dev.rlcm.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.examples.models.PromptSet;
import dev.rlcm.examples.options.Cli;
import dev.rlcm.examples.options.TrainOptions;
import dev.rlcm.ppo.PpoConfig;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.Prompt;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine.Command;

/** Where options come from that are not on the command line. */
class SavedOptionsTest {
    @TempDir
    Path directory;

    @Command(name = "train", mixinStandardHelpOptions = true)
    private static final class Options implements Runnable {
        @picocli.CommandLine.Mixin
        private final TrainOptions train = new TrainOptions();

        @Override
        public void run() {}
    }

    private static TrainOptions parsed(Object... arguments) {
        Options options = new Options();
        Commands.succeed(options, arguments);
        return options.train;
    }

    /** Oertell et al., 2024, appendix B, Table 1: what all GPUs do together. */
    @ParameterizedTest
    @CsvSource({
        "paper-compression,   8, 160, 16, 100, 1, 16, 16, 16, 32, imagenet-animals",
        "paper-incompression, 8, 160, 16, 100, 1, 16, 16, 16, 32, imagenet-animals",
        "paper-aesthetic,     8, 320, 32, 100, 1, 32, 16,  8,  8, animals",
        "paper-alignment,    16, 144, 120, 118, 5, 32, 16, 16, 32, animal-activities"
    })
    void presetsAreThePapersTable(
            String preset,
            int horizon,
            int trajectories,
            int perStep,
            int epochs,
            int innerEpochs,
            int buffer,
            int minCount,
            int rank,
            double alpha,
            String prompts) {
        TrainOptions options = parsed("--preset", preset);
        PpoConfig ppo = options.ppo();
        assertThat(options.plan().steps()).isEqualTo(horizon);
        assertThat(options.trainer().trajectories()).isEqualTo(trajectories);
        assertThat(options.trainer().samplesPerPrompt()).isEqualTo(1);
        assertThat(options.trainer().statBuffer()).isEqualTo(buffer);
        assertThat(options.trainer().statMinCount()).isEqualTo(minCount);
        assertThat(options.epochs()).isEqualTo(epochs);
        assertThat(ppo.trajectoriesPerStep()).isEqualTo(perStep);
        assertThat(ppo.innerEpochs()).isEqualTo(innerEpochs);
        assertThat(ppo.clipRange().above()).isEqualTo(1e-4);
        assertThat(ppo.optimizer().learningRate()).isEqualTo(1e-4);
        assertThat(options.lora().rank()).isEqualTo(rank);
        assertThat(options.lora().alpha()).isEqualTo(alpha);
        assertThat(options.summary()).containsEntry("prompts", prompts).containsEntry("drift", 0.0);
    }

    @Test
    void theCommandLineComesBeforeAConfiguration() throws IOException {
        Path file = Files.writeString(
                directory.resolve("run.json"),
                "{\"epochs\": 7, \"targets\": [\"to_q\", \"to_k\"], \"stop-on-hacking\": true, \"kl\": 0.5}");
        TrainOptions options = parsed("--config", file, "--epochs", 8, "--targets", "to_v", "--stop-on-hacking");
        assertThat(options.epochs()).isEqualTo(8);
        assertThat(options.summary()).containsEntry("targets", List.of("to_v")).containsEntry("kl", 0.5);
        assertThat(options.evaluation.stopOnHacking).isTrue();
        assertThat(parsed("--config", file).summary()).containsEntry("targets", List.of("to_q", "to_k"));
    }

    @Test
    void configurationsThatCannotBeReadAreRefused() throws IOException {
        Path unknown = Files.writeString(directory.resolve("unknown.json"), "{\"epoch\": 7}");
        assertThat(Commands.misuse(new Options(), "--config", unknown))
                .contains("unknown.json has the setting \"epoch\", which train has not");
        Path damaged = Files.writeString(directory.resolve("damaged.json"), "{\"epochs\": ");
        assertThat(Commands.misuse(new Options(), "--config", damaged)).contains("damaged.json is not a configuration");
        assertThat(Commands.misuse(new Options(), "--config", directory.resolve("none.json")))
                .contains("none.json");
        assertThat(Commands.misuse(new Options(), "--config", unknown, "--preset", "paper-aesthetic"))
                .contains("--config and --preset both give values");
        Path wrong = Files.writeString(directory.resolve("wrong.json"), "{\"epochs\": \"many\"}");
        assertThat(Commands.misuse(new Options(), "--config", wrong)).contains("many");
    }

    /** Whatever a run writes down is an option that can be given. */
    @Test
    void everySettingOfAConfigurationIsAnOption() {
        Map<String, Object> written = parsed(
                        "--algorithm", "nft", "--kl-reward", "1", "--kl-target", "2", "--patience", 3)
                .configuration();
        Set<String> options = new HashSet<>();
        Cli.commandLine(new Options()).getCommandSpec().options().forEach(option -> options.add(option.longestName()));
        assertThat(written.keySet()).allSatisfy(name -> assertThat(options).contains("--" + name));
    }

    @Test
    void heldOutPromptsAreNeverTrainedOn() throws IOException {
        TrainOptions options = parsed("--prompts", "animals", "--hold-out", 0.2);
        RandomStreams random = RandomStreams.seeded(1);
        Set<Prompt> trained = new HashSet<>(options.trainingPrompts().draw(0, 2000, random));
        Set<Prompt> evaluated = new HashSet<>(options.evaluationPrompts().draw(0, 2000, random));
        assertThat(trained).hasSize(36).doesNotContainAnyElementsOf(evaluated);
        assertThat(evaluated).hasSize(9);
        assertThat(Commands.misuse(new Options(), "--hold-out", "much")).contains("much");
    }

    @Test
    void promptSetsAreThePapers() throws IOException {
        assertThat(PromptSet.EMOJI.prompts().all()).hasSize(315);
        assertThat(PromptSet.ANIMALS.prompts().all()).hasSize(45).contains("cat", "ant");
        assertThat(PromptSet.IMAGENET_ANIMALS.prompts().all()).hasSize(398).contains("tench, Tinca tinca");
        assertThat(PromptSet.ANIMAL_ACTIVITIES.prompts().all())
                .hasSize(135)
                .contains("an ant playing chess", "a dog riding a bike");
        for (PromptSet set : PromptSet.values()) {
            assertThat(parsed("--prompts", set).trainingPrompts().name())
                    .isEqualTo(set.prompts().name());
        }
    }
}
