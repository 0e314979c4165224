package dev.rlcm.distill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.TensorData;
import dev.rlcm.lora.LoraAdapter;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.lora.LoraInjection;
import dev.rlcm.mdp.DistillationStep;
import dev.rlcm.mdp.LatentConsistencySchedule;
import dev.rlcm.optim.AdamWConfig;
import dev.rlcm.optim.LearningRateSchedule;
import dev.rlcm.optim.ParameterGroups;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.RolloutPlan;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.supervised.SupervisedConfig;
import dev.rlcm.supervised.SupervisedTrainer;
import dev.rlcm.testing.ToyModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConsistencyDistillerTest {
    private static final LatentConsistencySchedule SCHEDULE = LatentConsistencySchedule.defaults();
    private static final List<String> WEIGHTS = List.of("first", "second");
    private static final DistillationConfig CONFIG =
            DistillationConfig.defaults().withRows(4).withGuidance(3).withSeed(3);

    private final ReferenceBackend backend = new ReferenceBackend();
    private final ToyModel model = new ToyModel();

    @AfterEach
    void close() {
        backend.close();
    }

    private static LatentSource latents() {
        return LatentSource.of(IntStream.range(0, 6)
                .mapToObj(i -> new CaptionedLatent(RandomStreams.seeded(4).at(i).gaussians(8), "prompt " + i))
                .toList());
    }

    private Student weights() {
        return Student.weights(model, WEIGHTS);
    }

    private Student adapted() {
        LoraAdapter adapter = LoraAdapter.initial(
                LoraConfig.rank(2), LoraInjection.sites(model.denoiser(1)), RandomStreams.seeded(3));
        adapter.parameters().forEach(buffer -> {
            for (int i = 0; i < buffer.limit(); i++) {
                buffer.put(i, buffer.get(i) + 0.1f * (i % 3));
            }
        });
        return Student.adapter(model, adapter);
    }

    private ConsistencyDistiller distiller(Student student, DistillationConfig config) {
        return new ConsistencyDistiller(model, student, SCHEDULE, latents(), config, backend);
    }

    private SupervisedTrainer trainer(ConsistencyDistiller distiller, long steps) {
        SupervisedConfig config = SupervisedConfig.steps(steps)
                .withOptimizer(ParameterGroups.all(AdamWConfig.defaults().withLearningRate(0.02)))
                .withSchedule(LearningRateSchedule.constant());
        return new SupervisedTrainer(distiller, config, backend);
    }

    /** From step 0 the teacher lands at s = 0, where f is the identity: the target is where it landed. */
    @Test
    void targetsOfTheFirstStepAreTheTeachersOwn() {
        CaptionedLatent data = latents().draw(RandomStreams.seeded(1));
        float[] noise = RandomStreams.seeded(2).gaussians(8);
        DistillationConfig config = CONFIG.withRows(1);
        try (ConsistencyDistiller distiller = new ConsistencyDistiller(
                model, weights(), SCHEDULE, (batch, row) -> new DistillationRow(data, noise, 0, 3), config, backend)) {
            Map<String, TensorData> batch = distiller.batch(0);
            DistillationStep step = SCHEDULE.distillationSteps().get(0);
            float[] state = step.from().noised(data.latent(), noise);
            assertThat(batch.get("state").toFloats()).containsExactly(state);
            float[] output = output(state, step.solver().timestep(), data.prompt());
            double[] landed = step.solver().mean(state, output);
            double[] target = batch.get("target").toDoubles();
            for (int i = 0; i < target.length; i++) {
                assertThat(target[i]).isCloseTo(landed[i], within(1e-5));
            }
        }
    }

    private float[] output(float[] state, double timestep, String prompt) {
        var graph = model.denoiser(1);
        return backend.compile(graph)
                .run(Map.of(
                        "sample", TensorData.floats(graph.input("sample").shape(), state),
                        "timestep", TensorData.floats(graph.input("timestep").shape(), (float) timestep),
                        "prompt",
                                model.condition(List.of(prompt), 1)
                                        .get(0)
                                        .get("prompt")
                                        .reshape(graph.input("prompt").shape())))
                .get("out")
                .toFloats();
    }

    /** On one batch, towards targets that nearly stand still; the loss of random batches says little of so small a network. */
    @Test
    void trainingBringsTheLossDownForWeightsAndAdapters() {
        DistillationConfig config = CONFIG.withTargetDecay(0.9999);
        DistillationRows random = DistillationRows.random(latents(), 50, config);
        for (Student student : List.of(weights(), adapted())) {
            try (ConsistencyDistiller distiller = new ConsistencyDistiller(
                            model, student, SCHEDULE, (batch, row) -> random.row(0, row), config, backend);
                    SupervisedTrainer trainer = trainer(distiller, 60)) {
                double[] losses = new double[60];
                trainer.run(report -> losses[(int) report.step()] = report.loss());
                assertThat(losses[59]).isLessThan(0.7 * losses[0]);
            }
        }
    }

    @Test
    void aResumedDistillationContinuesBitForBit(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("checkpoint.safetensors");
        DistillationConfig config = CONFIG.withAverageDecay(0.8);
        Student straight = weights();
        Student resumed = weights();
        try (ConsistencyDistiller one = distiller(straight, config);
                ConsistencyDistiller two = distiller(resumed, config);
                SupervisedTrainer first = trainer(one, 2);
                SupervisedTrainer second = trainer(one, 5);
                SupervisedTrainer third = trainer(two, 5)) {
            first.run(report -> {});
            first.save(file);
            second.resume(file);
            second.run(report -> {});
            third.resume(file);
            third.run(report -> {});
            WEIGHTS.forEach(name -> {
                assertThat(resumed.parameters().get(name).toFloats())
                        .containsExactly(straight.parameters().get(name).toFloats());
                assertThat(two.released().get(name).toFloats())
                        .containsExactly(one.released().get(name).toFloats());
            });
            assertThat(one.averages()).containsOnlyKeys("target", "average");
        }
        try (ConsistencyDistiller other = distiller(weights(), config.withSeed(4));
                SupervisedTrainer trainer = trainer(other, 5)) {
            assertThatThrownBy(() -> trainer.resume(file)).hasMessageContaining("seed is 3 in the checkpoint, 4");
        }
    }

    @Test
    void samplesAreThoseOfThePolicyWithTheSameAdapter() {
        List<String> prompts = List.of("a cat", "a dog");
        Student student = adapted();
        LoraAdapter adapter =
                LoraAdapter.of(LoraConfig.rank(2), LoraInjection.sites(model.denoiser(1)), student.parameters());
        RolloutPlan plan = RolloutPlan.defaults().withBatch(2);
        RandomStreams random = RandomStreams.seeded(9);
        try (ConsistencyPolicy policy = ConsistencyPolicy.of(model, SCHEDULE.steps(3), plan, adapter, backend);
                StudentSampler sampler = new StudentSampler(student, 2, backend)) {
            TensorData latents = sampler.sample(prompts, SCHEDULE.steps(3), 8, random, student.parameters());
            var samples = policy.rollout(prompts, random).samples();
            for (int i = 0; i < 2; i++) {
                assertThat(model.decode(prompts, latents).get(i).pixels())
                        .containsExactly(samples.get(i).pixels());
            }
            assertThatThrownBy(
                            () -> sampler.sample(List.of("a cat"), SCHEDULE.steps(1), 8, random, student.parameters()))
                    .hasMessage("expected 2 prompts, got 1");
        }
    }

    @Test
    void settingsThatCannotBeAreRefusedWithTheRemedy() {
        assertThatThrownBy(() -> distiller(weights(), CONFIG.withGuidance(2, 5)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("cannot learn scales from 2.0 to 5.0")
                .hasMessageContaining("timestep_cond");
        assertThatThrownBy(() -> Student.weights(model, List.of("third")))
                .isInstanceOf(GraphException.class)
                .hasMessageContaining("the weight third must be a FLOAT32 constant of the network, got none");
        assertThatThrownBy(() -> LatentSource.of(List.of())).hasMessageContaining("at least one latent");
        assertThatThrownBy(() -> CONFIG.withGuidance(5, 2))
                .hasMessage("maxGuidance must be at least minGuidance, 5.0, and finite, got 2.0");
        assertThatThrownBy(() -> CONFIG.withTargetDecay(1)).hasMessage("targetDecay must be in [0, 1), got 1.0");
        assertThatThrownBy(() -> ConsistencyLoss.pseudoHuber(0)).hasMessageContaining("c must be positive");
    }

    @Test
    void aRowIsTheSameWheneverItIsAskedForAndGuidanceIsInItsRange() {
        DistillationConfig config = CONFIG.withGuidance(2, 5);
        DistillationRows rows = DistillationRows.random(latents(), 50, config);
        for (int i = 0; i < 100; i++) {
            DistillationRow row = rows.row(i, 1);
            assertThat(row.guidance()).isBetween(2.0, 5.0);
            assertThat(row.step()).isBetween(0, 49);
            assertThat(rows.row(i, 1).noise()).containsExactly(row.noise());
        }
        assertThat(IntStream.range(0, 300)
                        .map(i -> rows.row(i, 0).step())
                        .distinct()
                        .count())
                .isEqualTo(50);
    }
}
