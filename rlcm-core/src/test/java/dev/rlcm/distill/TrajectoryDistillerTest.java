package dev.rlcm.distill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import dev.rlcm.mdp.GaussianStep;
import dev.rlcm.mdp.LatentConsistencySchedule;
import dev.rlcm.optim.AdamWConfig;
import dev.rlcm.optim.ParameterGroups;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.supervised.SupervisedConfig;
import dev.rlcm.supervised.SupervisedTrainer;
import dev.rlcm.testing.ToyModel;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TrajectoryDistillerTest {
    private static final LatentConsistencySchedule SCHEDULE =
            LatentConsistencySchedule.defaults().withOriginalInferenceSteps(10);
    private static final DistillationConfig CONFIG = DistillationConfig.defaults()
            .withRows(2)
            .withGuidance(3)
            .withAverageDecay(0.5)
            .withSeed(3);
    private static final List<String> PROMPTS = List.of("a cat", "a dog");

    private final ReferenceBackend backend = new ReferenceBackend();
    private final ToyModel model = new ToyModel();

    @AfterEach
    void close() {
        backend.close();
    }

    private List<TrajectoryPoint> points(int kept) {
        try (TeacherTrajectories trajectories = new TeacherTrajectories(model, SCHEDULE, 2, backend)) {
            return trajectories.draw(PROMPTS, CONFIG, kept, RandomStreams.seeded(5));
        }
    }

    /** With every state kept, each is where the teacher's step from the one before lands. */
    @Test
    void statesFollowTheTeachersStepsFromNoiseToTheEnd() {
        List<TrajectoryPoint> points = points(10);
        assertThat(points).extracting(TrajectoryPoint::prompt).containsOnly("a cat", "a dog");
        for (int row = 0; row < 2; row++) {
            List<TrajectoryPoint> own = points.subList(10 * row, 10 * (row + 1));
            assertThat(own).extracting(TrajectoryPoint::step).containsExactly(9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
            assertThat(own.get(0).state())
                    .containsExactly(RandomStreams.seeded(5).at(row).at("noise").gaussians(8));
            for (int i = 0; i < own.size(); i++) {
                TrajectoryPoint point = own.get(i);
                GaussianStep solver =
                        SCHEDULE.distillationSteps().get(point.step()).solver();
                double[] landed = solver.mean(point.state(), output(point, solver.timestep()));
                float[] next =
                        i == own.size() - 1 ? point.end() : own.get(i + 1).state();
                for (int j = 0; j < next.length; j++) {
                    assertThat((double) next[j]).isCloseTo(landed[j], within(1e-5));
                }
            }
        }
    }

    private float[] output(TrajectoryPoint point, double timestep) {
        Graph graph = model.denoiser(1);
        TensorData prompt = model.condition(List.of(point.prompt()), point.guidance())
                .get(0)
                .get("prompt");
        return backend.compile(graph)
                .run(Map.of(
                        "sample", TensorData.floats(graph.input("sample").shape(), point.state()),
                        "timestep", TensorData.floats(graph.input("timestep").shape(), (float) timestep),
                        "prompt", prompt.reshape(graph.input("prompt").shape())))
                .get("out")
                .toFloats();
    }

    @Test
    void fewerStatesAreOneInEachPartOfATrajectory() {
        List<TrajectoryPoint> few = points(3);
        List<TrajectoryPoint> all = points(10);
        assertThat(few).hasSize(6);
        for (int i = 0; i < few.size(); i++) {
            TrajectoryPoint point = few.get(i);
            int part = 2 - i % 3;
            assertThat(point.step()).isBetween(part * 10 / 3, (part + 1) * 10 / 3 - 1);
            assertThat(all)
                    .anySatisfy(other -> assertThat(other.state()).containsExactly(point.state()))
                    .anySatisfy(other -> assertThat(other.end()).containsExactly(point.end()));
        }
    }

    @Test
    void aBatchHasPointsWithTheirEndsAndTheCoefficientsOfTheEstimate() {
        List<TrajectoryPoint> points = points(10);
        try (TrajectoryDistiller distiller = distiller(points)) {
            Map<String, TensorData> batch = distiller.batch(7);
            for (int row = 0; row < 2; row++) {
                float[] state = row(batch, "state", row);
                TrajectoryPoint point = points.stream()
                        .filter(other -> Arrays.equals(other.state(), state))
                        .findFirst()
                        .orElseThrow();
                GaussianStep estimate =
                        SCHEDULE.distillationSteps().get(point.step()).from().estimate();
                assertThat(row(batch, "target", row)).containsExactly(point.end());
                assertThat(row(batch, "student.timestep", row)).containsExactly((float) estimate.timestep());
                assertThat(row(batch, "student.sample_coefficient", row))
                        .containsExactly((float) estimate.sampleCoefficient());
                assertThat(row(batch, "student.model_coefficient", row))
                        .containsExactly((float) estimate.modelCoefficient());
            }
        }
    }

    private static float[] row(Map<String, TensorData> batch, String name, int row) {
        float[] all = batch.get(name).toFloats();
        int size = all.length / 2;
        return Arrays.copyOfRange(all, row * size, (row + 1) * size);
    }

    private TrajectoryDistiller distiller(List<TrajectoryPoint> points) {
        return new TrajectoryDistiller(Student.weights(model, List.of("first", "second")), SCHEDULE, points, CONFIG);
    }

    @Test
    void trainingBringsTheEstimatesNearerToTheEnds() {
        SupervisedConfig training = SupervisedConfig.steps(200)
                .withOptimizer(ParameterGroups.all(AdamWConfig.defaults().withLearningRate(0.02)));
        double[] losses = new double[200];
        try (TrajectoryDistiller distiller = distiller(points(10));
                SupervisedTrainer trainer = new SupervisedTrainer(distiller, training, backend)) {
            trainer.run(report -> losses[(int) report.step()] = report.loss());
            assertThat(distiller.released()).containsOnlyKeys("first", "second");
        }
        assertThat(mean(losses, 150, 200)).isLessThan(0.9 * mean(losses, 0, 50));
    }

    private static double mean(double[] values, int from, int to) {
        return Arrays.stream(values, from, to).average().orElseThrow();
    }

    @Test
    void noPointsAndPointsThatDoNotFitAreRefused() {
        assertThatThrownBy(() -> distiller(List.of())).hasMessageContaining("at least one point");
        assertThatThrownBy(() -> new TrajectoryPoint("a cat", 1, 0, new float[8], new float[4]))
                .hasMessageContaining("a state of 8 numbers cannot lie on a trajectory that ends in 4");
        assertThatThrownBy(() -> points(11)).hasMessageContaining("from 1 to 10");
    }
}
