package dev.rlcm.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.ConvolutionForms;
import dev.rlcm.examples.models.EmbeddedModel;
import dev.rlcm.examples.options.TrainOptions;
import dev.rlcm.lora.LoraAdapter;
import dev.rlcm.lora.LoraFormat;
import dev.rlcm.lora.LoraSite;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.OrtOptions;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.rewards.JpegCompressibility;
import dev.rlcm.train.EpochReport;
import dev.rlcm.train.Trainer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class AdaptedTrainingTest {
    @TempDir
    Path directory;

    private static Map<String, List<Float>> weights(LoraAdapter adapter) {
        Map<String, List<Float>> weights = new TreeMap<>();
        adapter.tensors().forEach((key, tensor) -> {
            List<Float> values = new ArrayList<>();
            for (float value : tensor.toFloats()) {
                values.add(value);
            }
            weights.put(key, values);
        });
        return weights;
    }

    private static TrainOptions options(String... args) {
        TrainOptions options = new TrainOptions();
        CommandLine.populateCommand(options, args);
        return options;
    }

    private static void save(Trainer trainer, Path checkpoint) {
        try {
            trainer.save(checkpoint);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Rollouts and updates agree, every factor B moves, and a resumed run repeats what an uninterrupted one does; with
     * convolutions by minimal filtering, of which the default chooses none for so small a network.
     */
    @Test
    void linearLayersAndConvolutionsTrainTogetherAndResume() throws Exception {
        TrainOptions options = options(
                "--targets",
                "all",
                "--rank",
                "2",
                "--steps",
                "2",
                "--trajectories",
                "4",
                "--minibatch",
                "4",
                "--epochs",
                "2");
        Path checkpoint = directory.resolve("checkpoint.safetensors");
        List<EpochReport> reports = new ArrayList<>();
        OrtOptions runtime = OrtOptions.defaults().withThreads(1).withConvolutions(ConvolutionForms.FILTERED);
        try (Backend backend = OrtBackend.cpu(runtime)) {
            LatentConsistencyModel model = LatentConsistencyModel.load(EmbeddedModel.emojiLcm(), backend);
            ConsistencyPolicy policy = model.policy(options.lora(), options.plan());
            LoraAdapter adapter = policy.adapter();
            assertThat(adapter.sites()).hasSize(134);
            assertThat(adapter.sites().stream().filter(site -> !site.isLinear()))
                    .hasSize(28);
            PpoOptimizer ppo = PpoOptimizer.of(policy, options.ppo(), options.objective(model, policy, backend));
            Trainer trainer =
                    new Trainer(policy, ppo, new JpegCompressibility(), options.trainingPrompts(), options.trainer());
            trainer.run(report -> {
                reports.add(report);
                if (Files.notExists(checkpoint)) {
                    save(trainer, checkpoint);
                }
            });
            Map<String, List<Float>> straight = weights(adapter);
            Set<LoraSite> still = new HashSet<>(adapter.sites());
            still.removeIf(site -> straight.get(site.keyB()).stream().anyMatch(b -> b != 0));
            assertThat(still).as("layers whose factor B is still zero").isEmpty();
            trainer.resume(checkpoint);
            assertThat(weights(adapter)).isNotEqualTo(straight);
            trainer.run(reports::add);
            assertThat(weights(adapter)).isEqualTo(straight);
            assertThat(reports).hasSize(3).allSatisfy(report -> assertThat(
                            report.update().ratios().initialError())
                    .isLessThan(1e-5));
            for (LoraFormat format : LoraFormat.values()) {
                Path file = directory.resolve("adapter_model.safetensors");
                adapter.save(file, format);
                assertThat(weights(model.adapter(file))).as(format.name()).isEqualTo(straight);
            }
        }
    }

    @Test
    void targetsThatNameNothingListTheLayersThereAre() {
        String message = Commands.fail(new Train(), "--targets", "to_x", "--output", directory);
        assertThat(message).contains("to_x", "to_q", "conv_in", "time_emb_proj");
    }
}
