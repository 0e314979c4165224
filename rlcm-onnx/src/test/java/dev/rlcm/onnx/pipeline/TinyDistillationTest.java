package dev.rlcm.onnx.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.backend.Backend;
import dev.rlcm.distill.CaptionedLatent;
import dev.rlcm.distill.ConsistencyDistiller;
import dev.rlcm.distill.DistillationConfig;
import dev.rlcm.distill.DistillationRow;
import dev.rlcm.distill.DistillationRows;
import dev.rlcm.distill.Student;
import dev.rlcm.graph.TensorData;
import dev.rlcm.lora.LoraAdapter;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.lora.LoraFormat;
import dev.rlcm.lora.LoraInjection;
import dev.rlcm.mdp.LatentConsistencySchedule;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.optim.AdamWConfig;
import dev.rlcm.optim.LearningRateSchedule;
import dev.rlcm.optim.ParameterGroups;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.supervised.SupervisedConfig;
import dev.rlcm.supervised.SupervisedTrainer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A network of Stable Diffusion's form with random weights is its own teacher, and its samples are the data. */
class TinyDistillationTest {
    private static final LoraConfig LORA = LoraConfig.rank(4);
    private static final List<String> PROMPTS = List.of("a cat", "a dog");
    private static final int[] STEPS = {20, 45};
    private static final double GUIDANCE = 2;

    private static Backend backend;
    private static LatentDiffusionModel teacher;
    private static TensorData samples;

    @BeforeAll
    static void load() throws IOException {
        backend = OrtBackend.cpu();
        teacher = LatentDiffusionModel.load(
                ModelDirectory.open(Models.FIXTURES.resolve("tiny-ldm"), Models.TINY), backend);
        samples = teacher.latents(PROMPTS, teacher.schedule().withEta(0).steps(10), GUIDANCE, RandomStreams.seeded(1));
    }

    @AfterAll
    static void close() {
        backend.close();
    }

    private static LoraAdapter adapter() {
        return LoraAdapter.initial(
                LORA, LoraInjection.sites(teacher.unguided().denoiser(1), LORA), RandomStreams.seeded(2));
    }

    /** Always the same two latents, at a timestep each, with noise that changes if the batches do. */
    private static ConsistencyDistiller distiller(LoraAdapter adapter, boolean changing) {
        DistillationConfig config =
                DistillationConfig.defaults().withRows(2).withGuidance(GUIDANCE).withTargetDecay(0.99);
        DistillationRows rows = (batch, row) -> new DistillationRow(
                new CaptionedLatent(Goldens.row(samples, row).toFloats(), PROMPTS.get(row)),
                RandomStreams.seeded(5).at(changing ? batch : 0).at(row).gaussians(4 * 16 * 16),
                STEPS[row],
                GUIDANCE);
        Student student = Student.adapter(teacher.unguided(), adapter);
        return new ConsistencyDistiller(teacher, student, LatentConsistencySchedule.defaults(), rows, config, backend);
    }

    private static SupervisedTrainer trainer(ConsistencyDistiller distiller, long steps) {
        SupervisedConfig config = SupervisedConfig.steps(steps)
                .withOptimizer(ParameterGroups.all(AdamWConfig.defaults().withLearningRate(3e-3)))
                .withSchedule(LearningRateSchedule.constant());
        return new SupervisedTrainer(distiller, config, backend);
    }

    @Test
    void theLossFallsAndWhatWasLearnedLoadsInAllConventions(@TempDir Path directory) throws IOException {
        LoraAdapter adapter = adapter();
        double[] losses = new double[15];
        try (ConsistencyDistiller distiller = distiller(adapter, false);
                SupervisedTrainer trainer = trainer(distiller, losses.length)) {
            trainer.run(report -> losses[(int) report.step()] = report.loss());
        }
        assertThat(losses[14]).isLessThan(0.7 * losses[0]);
        for (LoraFormat format : LoraFormat.values()) {
            Path file = directory.resolve(format + "/adapter_model.safetensors");
            adapter.save(file, format);
            LoraAdapter loaded = teacher.adapter(file);
            adapter.tensors()
                    .forEach((name, tensor) ->
                            assertThat(loaded.tensors().get(name).toFloats()).containsExactly(tensor.toFloats()));
        }
    }

    @Test
    void aResumedDistillationContinuesBitForBit(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("checkpoint.safetensors");
        LoraAdapter straight = adapter();
        LoraAdapter resumed = adapter();
        try (ConsistencyDistiller one = distiller(straight, true);
                ConsistencyDistiller two = distiller(resumed, true);
                SupervisedTrainer first = trainer(one, 4);
                SupervisedTrainer second = trainer(two, 4)) {
            first.run(report -> {
                if (report.step() == 1) {
                    save(first, file);
                }
            });
            second.resume(file);
            assertThat(second.run(report -> {})).isEqualTo(4);
        }
        straight.tensors()
                .forEach((name, tensor) ->
                        assertThat(resumed.tensors().get(name).toFloats()).containsExactly(tensor.toFloats()));
    }

    private static void save(SupervisedTrainer trainer, Path file) {
        try {
            trainer.save(file);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
