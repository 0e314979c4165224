package dev.rlcm.ppo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rlcm.mdp.GaussianStep;
import dev.rlcm.policy.Trajectory;
import dev.rlcm.policy.Transition;
import dev.rlcm.ppo.Pairing.Pair;
import dev.rlcm.reward.Sample;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import org.junit.jupiter.api.Test;

class PairLossTest {
    private static final Path CASES =
            Path.of(System.getProperty("rlcm.root"), "fixtures", "ppo-golden", "rebel_cases.json");

    /** The loss and the gradients of every pair's own regression; of the reference as it is written where it has one pair. */
    @Test
    void rebelMatchesPyTorch() throws IOException {
        for (JsonNode golden : new ObjectMapper().readTree(CASES.toFile())) {
            check(golden, golden.get("per_sample"));
            if (golden.get("batch").asInt() == 1) {
                check(golden, golden.get("reference_as_written"));
            }
        }
    }

    private static void check(JsonNode golden, JsonNode expected) {
        int batch = golden.get("batch").asInt();
        int timesteps = golden.get("timesteps").asInt();
        List<List<List<Row>>> units = new ArrayList<>();
        List<Double> scores = new ArrayList<>();
        List<Double> gradients = new ArrayList<>();
        for (int b = 0; b < batch; b++) {
            List<List<Row>> pair = new ArrayList<>();
            for (int member = 1; member <= 2; member++) {
                double advantage = golden.get("advantages_" + member).get(b).asDouble();
                JsonNode old = golden.get("old_log_probs_" + member).get(b);
                JsonNode now = golden.get("log_probs_" + member).get(b);
                for (int t = 0; t < timesteps; t++) {
                    scores.add(now.get(t).asDouble() - old.get(t).asDouble());
                    gradients.add(expected.get("grad_" + member).get(b).get(t).asDouble());
                }
                pair.add(Collections.nCopies(timesteps, row(advantage)));
            }
            units.add(pair);
        }
        Objective objective =
                Objective.pairs(PairLoss.rebel(golden.get("rebel_lr").asDouble()), Pairing.neighbours());
        double[] values = scores.stream().mapToDouble(Double::doubleValue).toArray();
        Objective.StepRows step = objective.rows(units, rows -> values);
        double loss = step.offset();
        for (int i = 0; i < values.length; i++) {
            double perRow = step.rows().get(i).advantage() / values.length; // as the optimiser averages
            assertThat(perRow).isCloseTo(gradients.get(i), within(1e-9));
            loss += perRow * values[i];
        }
        assertThat(loss).isCloseTo(expected.get("loss").asDouble(), within(1e-9));
    }

    private static Row row(double advantage) {
        Trajectory trajectory = Trajectory.of(
                Map.of(),
                List.of(new float[1], new float[1]),
                List.of(new GaussianStep(1, 1, 1, 1, 1)),
                new double[1],
                Sample.of("cat", 1, 1, new float[3]));
        return new Row(new Transition(trajectory, 0), 0, advantage);
    }

    @Test
    void dpoIsTheLogisticLossOfTheMarginOfTheBetterOne() {
        PairLoss dpo = PairLoss.dpo(2);
        assertThat(dpo.loss(0, 1)).isCloseTo(Math.log(2), within(1e-12));
        assertThat(dpo.loss(0.5, 3)).isCloseTo(Math.log(1 + Math.exp(-1)), within(1e-12));
        assertThat(dpo.loss(0.5, -3)).isCloseTo(Math.log(1 + Math.exp(1)), within(1e-12));
        assertThat(dpo.slope(0, 1)).isCloseTo(-1, within(1e-12));
        assertThat(dpo.loss(0.5, 0)).isZero();
        assertThat(dpo.slope(0.5, 0)).isZero();
        assertThat(dpo.loss(-1e6, 1)).isEqualTo(2e6);
    }

    @Property
    void slopesAreThoseOfCentredDifferences(
            @ForAll @DoubleRange(min = -4, max = 4) double margin,
            @ForAll @DoubleRange(min = -4, max = 4) double difference) {
        for (PairLoss loss : List.of(PairLoss.rebel(0.7), PairLoss.dpo(1.3))) {
            double h = 1e-5;
            double centred = (loss.loss(margin + h, difference) - loss.loss(margin - h, difference)) / (2 * h);
            assertThat(loss.slope(margin, difference)).isCloseTo(centred, within(1e-7));
        }
    }

    @Test
    void neighboursAreSamplesOfOnePrompt() {
        List<String> prompts = List.of("a", "b", "a", "a", "b", "a", "a");
        assertThat(Pairing.neighbours().pairs(prompts, new double[7]))
                .containsExactly(new Pair(0, 2), new Pair(3, 5), new Pair(1, 4));
    }

    @Test
    void theBestIsComparedWithTheWorst() {
        List<String> prompts = List.of("a", "b", "a", "a", "b", "a", "a");
        double[] advantages = {1, 0, 3, 2, 0, -1, 2};
        assertThat(Pairing.bestWithWorst().pairs(prompts, advantages)).containsExactly(new Pair(2, 5), new Pair(3, 0));
    }

    @Test
    void impossiblePairsAndSettingsAreRefused() {
        assertThatThrownBy(() -> new Pair(1, 1)).hasMessage("a pair must be of two trajectories, got 1 and 1");
        assertThatThrownBy(() -> PairLoss.rebel(0)).hasMessage("eta must be positive and finite, got 0.0");
        assertThatThrownBy(() -> PairLoss.dpo(-1)).hasMessage("beta must be positive and finite, got -1.0");
    }
}
