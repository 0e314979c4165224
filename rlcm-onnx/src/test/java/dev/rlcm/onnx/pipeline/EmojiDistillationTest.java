package dev.rlcm.onnx.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.backend.Backend;
import dev.rlcm.distill.CaptionedLatent;
import dev.rlcm.distill.ConsistencyDistiller;
import dev.rlcm.distill.DistillationConfig;
import dev.rlcm.distill.LatentSource;
import dev.rlcm.distill.Student;
import dev.rlcm.distill.StudentSampler;
import dev.rlcm.graph.TensorData;
import dev.rlcm.lora.LoraAdapter;
import dev.rlcm.lora.LoraConfig;
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
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** A trained teacher, whose samples a student shall draw in fewer steps. */
class EmojiDistillationTest {
    private static final List<String> PROMPTS = List.of(
            "a cat on grass",
            "a fox in the snow",
            "a dog at night",
            "a whale in the sea",
            "a lion on sand",
            "a bee at sunset",
            "a cow on grass",
            "a pig on a plain background");
    private static final double GUIDANCE = 3;
    private static final RandomStreams NOISE = RandomStreams.seeded(1);

    /** Of eight timesteps, since consistency spreads by one of them at a time. */
    private static final LatentConsistencySchedule SCHEDULE =
            LatentConsistencySchedule.defaults().withOriginalInferenceSteps(8);

    @Test
    void oneAndFourStepsComeNearerToTheTeachersFifty() throws IOException {
        try (Backend backend = OrtBackend.cpu()) {
            LatentDiffusionModel teacher =
                    LatentDiffusionModel.load(ModelDirectory.open(Models.EMOJI_LDM, Models.EMOJI), backend);
            TensorData samples =
                    teacher.latents(PROMPTS, teacher.schedule().withEta(0).steps(50), GUIDANCE, NOISE);
            LatentSource data = LatentSource.of(IntStream.range(0, PROMPTS.size())
                    .mapToObj(i -> new CaptionedLatent(Goldens.row(samples, i).toFloats(), PROMPTS.get(i)))
                    .toList());
            LoraConfig lora = LoraConfig.rank(8).targeting("all-linear");
            LoraAdapter adapter = LoraAdapter.initial(
                    lora, LoraInjection.sites(teacher.unguided().denoiser(1), lora), RandomStreams.seeded(2));
            Student student = Student.adapter(teacher.unguided(), adapter);
            DistillationConfig config = DistillationConfig.defaults()
                    .withRows(8)
                    .withGuidance(GUIDANCE)
                    .withTargetDecay(0);
            SupervisedConfig training = SupervisedConfig.steps(40)
                    .withOptimizer(
                            ParameterGroups.all(AdamWConfig.defaults().withLearningRate(2e-3)))
                    .withSchedule(LearningRateSchedule.warmup(2, LearningRateSchedule.cosine(50)));
            try (ConsistencyDistiller distiller =
                            new ConsistencyDistiller(teacher, student, SCHEDULE, data, config, backend);
                    SupervisedTrainer trainer = new SupervisedTrainer(distiller, training, backend);
                    StudentSampler sampler = new StudentSampler(student, PROMPTS.size(), backend)) {
                double one = distance(sampler, 1, student, samples);
                double four = distance(sampler, 4, student, samples);
                trainer.run(report -> {});
                assertThat(distance(sampler, 1, student, samples)).isLessThan(0.95 * one);
                assertThat(distance(sampler, 4, student, samples)).isLessThan(0.99 * four);
            }
        }
    }

    private static double distance(StudentSampler sampler, int steps, Student student, TensorData samples) {
        TensorData drawn = sampler.sample(PROMPTS, SCHEDULE.steps(steps), GUIDANCE, NOISE, student.parameters());
        return Goldens.relativeL2(drawn, samples);
    }
}
