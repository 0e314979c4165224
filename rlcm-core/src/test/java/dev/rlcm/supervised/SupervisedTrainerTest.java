package dev.rlcm.supervised;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.optim.AdamWConfig;
import dev.rlcm.optim.AveragedWeights;
import dev.rlcm.optim.LearningRateSchedule;
import dev.rlcm.optim.ParameterGroups;
import dev.rlcm.random.RandomStreams;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SupervisedTrainerTest {
    private final ReferenceBackend backend = new ReferenceBackend();

    @TempDir
    Path directory;

    @AfterEach
    void close() {
        backend.close();
    }

    /** Fits y = w x + b to y = 2 x - 1 by squares, on random x. */
    private static final class Line implements SupervisedTask {
        private final int rows;
        private final Map<String, TensorData> parameters = new LinkedHashMap<>();
        private final Map<String, AveragedWeights> averages;
        private final float largest;
        private float poison;

        Line(int rows) {
            this(rows, Float.POSITIVE_INFINITY);
        }

        /** @param largest bound on w */
        Line(int rows, float largest) {
            this.rows = rows;
            this.largest = largest;
            parameters.put("w", TensorData.floats(Shape.of(1), 0));
            parameters.put("b", TensorData.floats(Shape.of(1), 0));
            averages = Map.of("slow", new AveragedWeights(parameters, 0.5));
        }

        @Override
        public Map<String, TensorData> parameters() {
            return parameters;
        }

        @Override
        public Map<String, AveragedWeights> averages() {
            return averages;
        }

        @Override
        public void constrain() {
            parameters.get("w").setDouble(0, Math.min(largest, parameter("w")));
        }

        @Override
        public Graph loss() {
            Value x = Value.input("x", DataType.FLOAT32, Shape.of(rows));
            Value y = Value.input("y", DataType.FLOAT32, Shape.of(rows));
            Value w = Value.input("w", DataType.FLOAT32, Shape.of(1));
            Value b = Value.input("b", DataType.FLOAT32, Shape.of(1));
            Value error = x.mul(w).add(b).sub(y);
            return Graph.of(Map.of(LOSS, error.square().mean(), "bias", error.mean()));
        }

        @Override
        public Map<String, TensorData> batch(long index) {
            float[] x = new float[rows];
            for (int i = 0; i < rows; i++) {
                x[i] = RandomStreams.seeded(5).at(index * rows + i).gaussians(1)[0];
            }
            TensorData input = TensorData.floats(Shape.of(rows), x);
            return Map.of(
                    "x", input, "y", TensorData.generate(DataType.FLOAT32, Shape.of(rows), i -> 2 * x[i] - 1 + poison));
        }

        @Override
        public Map<String, String> description() {
            return Map.of("line", "2 x - 1 of " + rows);
        }

        double parameter(String name) {
            return parameters.get(name).getDouble(0);
        }
    }

    private static SupervisedConfig config(long steps) {
        return SupervisedConfig.steps(steps)
                .withOptimizer(ParameterGroups.all(AdamWConfig.defaults().withLearningRate(0.1)))
                .withSchedule(LearningRateSchedule.constant())
                .withMaxGradNorm(100);
    }

    @Test
    void aLineIsFitted() {
        Line line = new Line(8);
        List<StepReport> reports = new ArrayList<>();
        try (SupervisedTrainer trainer = new SupervisedTrainer(line, config(150), backend)) {
            assertThat(trainer.run(reports::add)).isEqualTo(150);
        }
        assertThat(line.parameter("w")).isCloseTo(2, within(0.05));
        assertThat(line.parameter("b")).isCloseTo(-1, within(0.05));
        assertThat(reports.get(0).loss()).isGreaterThan(1);
        assertThat(reports.get(149).loss()).isLessThan(0.01);
        assertThat(reports).allSatisfy(report -> assertThat(report.applied()).isTrue());
        assertThat(line.averages().get("slow").tensors().get("w").getDouble(0)).isCloseTo(2, within(0.05));
    }

    /** d/dw mean (w x + b - y)^2 = 2 mean x (w x + b - y); Adam's first step is the rate against its sign. */
    @Test
    void theFirstStepIsThatOfTheHandComputedGradient() {
        Line line = new Line(2);
        float[] x = line.batch(0).get("x").toFloats();
        double w = 0;
        double b = 0;
        double bias = 0;
        for (float value : x) {
            double error = 0 - (2 * value - 1);
            w += 2 * value * error / 2;
            b += 2 * error / 2;
            bias += error / 2;
        }
        List<StepReport> reports = new ArrayList<>();
        try (SupervisedTrainer trainer = new SupervisedTrainer(line, config(1), backend)) {
            trainer.run(reports::add);
        }
        assertThat(reports.get(0).gradNorm()).isCloseTo(Math.hypot(w, b), within(1e-6));
        assertThat(reports.get(0).parts().get("bias")).isCloseTo(bias, within(1e-6));
        assertThat(line.parameter("w")).isCloseTo(-0.1 * Math.signum(w), within(1e-6));
        assertThat(line.parameter("b")).isCloseTo(-0.1 * Math.signum(b), within(1e-6));
        assertThat(line.averages().get("slow").tensors().get("w").getDouble(0))
                .isCloseTo(line.parameter("w") / 2, within(1e-6));
    }

    /** Averages see the parameter where it was brought back to. */
    @Test
    void parametersAreBroughtBackIntoTheirRangeAfterEveryStep() {
        Line line = new Line(2, 0.05f);
        try (SupervisedTrainer trainer = new SupervisedTrainer(line, config(3), backend)) {
            trainer.run(report -> assertThat(line.parameter("w")).isEqualTo(0.05f));
        }
        assertThat(line.averages().get("slow").tensors().get("w").getDouble(0)).isCloseTo(0.05 * 7 / 8, within(1e-6));
    }

    @Test
    void accumulatedBatchesAreOneLargerBatch() {
        Line whole = new Line(4);
        Line parts = new Line(2);
        try (SupervisedTrainer one = new SupervisedTrainer(whole, config(5), backend);
                SupervisedTrainer two = new SupervisedTrainer(parts, config(5).withAccumulation(2), backend)) {
            one.run(report -> {});
            two.run(report -> {});
        }
        assertThat(parts.parameter("w")).isCloseTo(whole.parameter("w"), within(1e-5));
        assertThat(parts.parameter("b")).isCloseTo(whole.parameter("b"), within(1e-5));
    }

    @Test
    void aResumedRunContinuesBitForBit() throws IOException {
        Path file = directory.resolve("checkpoint.safetensors");
        Line straight = new Line(4);
        try (SupervisedTrainer trainer = new SupervisedTrainer(straight, config(9), backend)) {
            trainer.run(report -> {
                if (report.step() == 3) {
                    save(trainer, file);
                }
            });
        }
        Line resumed = new Line(4);
        try (SupervisedTrainer trainer = new SupervisedTrainer(resumed, config(9), backend)) {
            trainer.resume(file);
            assertThat(trainer.stepsDone()).isEqualTo(4);
            assertThat(trainer.run(report -> {})).isEqualTo(9);
        }
        for (String name : List.of("w", "b")) {
            assertThat(resumed.parameter(name)).isEqualTo(straight.parameter(name));
            assertThat(resumed.averages().get("slow").tensors().get(name).toFloats())
                    .containsExactly(
                            straight.averages().get("slow").tensors().get(name).toFloats());
        }
    }

    private static void save(SupervisedTrainer trainer, Path file) {
        try {
            trainer.save(file);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aCheckpointOfAnotherRunIsRefusedAndChangesNothing() throws IOException {
        Path file = directory.resolve("checkpoint.safetensors");
        try (SupervisedTrainer trainer = new SupervisedTrainer(new Line(4), config(2), backend)) {
            trainer.run(report -> {});
            trainer.save(file);
        }
        Line other = new Line(2);
        try (SupervisedTrainer trainer = new SupervisedTrainer(other, config(2), backend)) {
            assertThatThrownBy(() -> trainer.resume(file))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("line is 2 x - 1 of 4 in the checkpoint, 2 x - 1 of 2 in this run");
            assertThat(trainer.stepsDone()).isZero();
        }
        assertThat(other.parameter("w")).isZero();
        try (SupervisedTrainer trainer =
                new SupervisedTrainer(new Line(4), config(2).withAccumulation(3), backend)) {
            assertThatThrownBy(() -> trainer.resume(file)).hasMessageContaining("accumulation is 1 in the checkpoint");
        }
    }

    @Test
    void aStepThatIsNotFiniteChangesNothingButCounts() {
        Line line = new Line(2);
        line.poison = Float.NaN;
        List<StepReport> reports = new ArrayList<>();
        try (SupervisedTrainer trainer = new SupervisedTrainer(line, config(1), backend)) {
            assertThat(trainer.run(reports::add)).isEqualTo(1);
        }
        assertThat(reports.get(0).applied()).isFalse();
        assertThat(line.parameter("w")).isZero();
    }

    @Test
    void stoppingEndsTheRunAfterTheStep() {
        try (SupervisedTrainer trainer = new SupervisedTrainer(new Line(2), config(100), backend)) {
            assertThat(trainer.run(report -> trainer.stop())).isEqualTo(1);
            assertThat(trainer.run(report -> {})).isEqualTo(1);
        }
    }

    @Test
    void aLossThatIsNoNumberIsRefused() {
        Line perRow = new Line(2);
        SupervisedTask task = new SupervisedTask() {
            @Override
            public Map<String, TensorData> parameters() {
                return perRow.parameters();
            }

            @Override
            public Graph loss() {
                Value w = Value.input("w", DataType.FLOAT32, Shape.of(1));
                return Graph.of(LOSS, w.square());
            }

            @Override
            public Map<String, TensorData> batch(long index) {
                return Map.of();
            }
        };
        assertThatThrownBy(() -> new SupervisedTrainer(task, config(1), backend))
                .isInstanceOf(GraphException.class)
                .hasMessageContaining("the output loss of a loss must be one number, FLOAT32[], got FLOAT32[1]");
    }
}
