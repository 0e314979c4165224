package dev.rlcm.ppo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.mdp.ForwardStep;
import dev.rlcm.mdp.GaussianStep;
import dev.rlcm.mdp.LatentConsistencySchedule;
import dev.rlcm.mdp.LogProbReduction;
import dev.rlcm.mdp.Schedule;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.Trajectory;
import dev.rlcm.policy.Transition;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.testing.ShiftPolicy;
import dev.rlcm.testing.ToyPolicies;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Updates on final latents that are noised again: advantage-weighted matching, DiffusionNFT, Diffusion-DPO. */
class ForwardProcessTest {
    private static final List<String> PROMPTS = List.of("a", "b", "a", "b", "a", "a");
    private static final double[] ADVANTAGES = {1, -0.5, 2, -1, 0.3, -1.8};
    private static final List<ForwardStep> LCM =
            LatentConsistencySchedule.defaults().forwardSteps(3);

    /** Of {@link ShiftPolicy}: x0 is estimated by x + shift. */
    private static final List<ForwardStep> SHIFTED =
            List.of(new ForwardStep(0.8, 0.6, new GaussianStep(500, 1, 1, 1, 0)));

    private static final PpoConfig CONFIG = PpoConfig.defaults()
            .withLearningRate(1e-2)
            .withTrajectoriesPerStep(6)
            .withMaxGradNorm(Double.POSITIVE_INFINITY);

    private final ReferenceBackend backend = new ReferenceBackend();

    @AfterEach
    void close() {
        backend.close();
    }

    /** The gradient of the first optimiser step, by the shift. */
    private double[] gradient(PolicyLoss loss, double[] advantages) {
        ShiftPolicy policy = new ShiftPolicy(backend, LogProbReduction.SUM, 0.1, -0.2);
        Rollout rollout = policy.rollout(PROMPTS, RandomStreams.seeded(5));
        List<double[]> gradients = new ArrayList<>();
        PpoOptimizer.of(policy, CONFIG, Objective.of(loss).on(RowSource.noised(SHIFTED, 1)))
                .update(rollout, advantages, new UpdateObserver() {
                    @Override
                    public void onStep(Step step) {
                        gradients.add(step.gradient().get().get("shift").toDoubles());
                    }
                });
        return gradients.get(0);
    }

    @Test
    void aRowIsTheNoisedLatentAndTheWayBack() {
        Schedule schedule = LatentConsistencySchedule.defaults().steps(3);
        ConsistencyPolicy policy = ToyPolicies.fresh(backend);
        Trajectory sampled = policy.rollout(List.of("a"), RandomStreams.seeded(5))
                .trajectories()
                .get(0);
        float[] clean = sampled.latent().orElseThrow();
        List<Transition> rows = RowSource.noised(LCM, 20).rows(sampled, RandomStreams.seeded(1));
        assertThat(rows).hasSize(20);
        for (Transition row : rows) {
            GaussianStep back = row.trajectory().step(0);
            ForwardStep forward = LCM.stream()
                    .filter(step -> step.estimate().timestep() == back.timestep())
                    .findFirst()
                    .orElseThrow();
            assertThat(row.trajectory().state(1)).isEqualTo(clean);
            assertThat(back.sigma()).isEqualTo(forward.noise() / forward.signal());
            double power = 0;
            for (int i = 0; i < clean.length; i++) {
                double z = (row.trajectory().state(0)[i] - forward.signal() * clean[i]) / forward.noise();
                power += z * z / clean.length;
            }
            assertThat(power).isBetween(0.05, 5.0);
        }
        assertThat(rows.stream().map(row -> row.trajectory().step(0).timestep()).distinct())
                .hasSize(3);
        // At the last timestep the estimate is the schedule's own last step.
        assertThat(LCM.get(2).estimate()).isEqualTo(schedule.decode());
    }

    /** By hand: e = (x0 - x - shift)^2 / (2 sigma^2), so that its gradient is -(x0 - x - shift) / sigma^2. */
    @Test
    void matchingWeighsTheDenoisingErrorByTheAdvantage() {
        ShiftPolicy policy = new ShiftPolicy(backend, LogProbReduction.SUM, 0.1, -0.2);
        Rollout rollout = policy.rollout(PROMPTS, RandomStreams.seeded(5));
        RandomStreams random = RandomStreams.seeded(0).at("minibatches").at(0).at("rows");
        double[] expected = new double[2];
        double sigma = 0.6 / 0.8;
        for (int b = 0; b < 6; b++) {
            Trajectory row = RowSource.noised(SHIFTED, 1)
                    .rows(rollout.trajectories().get(b), random.at(PROMPTS.get(b)))
                    .get(0)
                    .trajectory();
            double[] shift = {0.1, -0.2};
            for (int i = 0; i < 2; i++) {
                double error = row.state(1)[i] - row.state(0)[i] - shift[i];
                expected[i] -= ADVANTAGES[b] * error / (sigma * sigma) / 6;
            }
        }
        assertThat(gradient(PolicyLosses.advantageWeightedMatching(), ADVANTAGES))
                .containsExactly(expected, within(1e-4));
        assertThat(gradient(PolicyLosses.scoreFunction(), ADVANTAGES)).containsExactly(expected, within(1e-4));
    }

    /** r - (1 - r) = A / scale, as long as that is in [-1, 1]. */
    @Test
    void atTheOldPolicyDiffusionNftIsProportionalToMatching() {
        double[] matching = gradient(PolicyLosses.advantageWeightedMatching(), ADVANTAGES);
        double[] nft = gradient(PolicyLosses.diffusionNft(0.5, 4), ADVANTAGES);
        assertThat(nft).containsExactly(new double[] {matching[0] * 0.5 / 4, matching[1] * 0.5 / 4}, within(1e-6));
    }

    @Test
    void farFromTheOldPolicyAdvantagesDoNotCountMoreThanCertainty() {
        double[] certain = gradient(PolicyLosses.diffusionNft(1, 1), new double[] {1, -1, 1, -1, 1, -1});
        double[] beyond = gradient(PolicyLosses.diffusionNft(1, 1), new double[] {9, -5, 2, -3, 7, -8});
        assertThat(beyond).containsExactly(certain, within(1e-9));
    }

    @Test
    void awayFromTheOldPolicyGradientsAreThoseOfCentredDifferences() {
        ShiftPolicy old = new ShiftPolicy(backend, LogProbReduction.SUM, 0.1, -0.2);
        Rollout rollout = old.rollout(PROMPTS, RandomStreams.seeded(5));
        List<Row> rows = new ArrayList<>();
        for (int b = 0; b < PROMPTS.size(); b++) {
            Transition row = RowSource.noised(SHIFTED, 1)
                    .rows(rollout.trajectories().get(b), RandomStreams.seeded(b))
                    .get(0);
            float[] noised = row.trajectory().state(0);
            float[] oldMean = {noised[0] + 0.1f, noised[1] - 0.2f};
            double oldLogProb = row.trajectory()
                    .step(0)
                    .logProb(noised, new float[] {0.1f, -0.2f}, row.trajectory().state(1), LogProbReduction.SUM);
            rows.add(new Row(row, oldLogProb, ADVANTAGES[b]).withOldMean(oldMean));
        }
        double[] at = {0.3, 0.1};
        double h = 1.0 / 1024;
        for (PolicyLoss loss : List.of(
                PolicyLosses.diffusionNft(0.7, 2),
                PolicyLosses.advantageWeightedMatching(),
                PolicyLosses.importanceWeighted())) {
            FloatBuffer gradient = evaluate(loss, rows, at).gradients().get(0);
            for (int i = 0; i < 2; i++) {
                double[] above = at.clone();
                double[] below = at.clone();
                above[i] += h;
                below[i] -= h;
                double centred = (evaluate(loss, rows, above).value()
                                - evaluate(loss, rows, below).value())
                        / (2 * h);
                assertThat((double) gradient.get(i)).isCloseTo(centred, within(1e-3));
            }
        }
    }

    private LossGraph evaluate(PolicyLoss loss, List<Row> rows, double... shift) {
        LossGraph graph = new LossGraph(
                new ShiftPolicy(backend, LogProbReduction.SUM, shift), loss, ClipRange.of(0.2), rows.size(), true);
        graph.run(rows, 1.0 / rows.size(), 1);
        return graph;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5, 100})
    void howRowsAreSplitDoesNotChangeTheResult(int minibatch) {
        for (Objective objective : List.of(
                Objective.of(PolicyLosses.diffusionNft(0.5, 2)),
                Objective.of(PolicyLosses.clipped()),
                Objective.pairs(PairLoss.dpo(5), Pairing.bestWithWorst()))) {
            Objective noised = objective.on(RowSource.noised(LCM, 2));
            PpoConfig config =
                    CONFIG.withTrajectoriesPerStep(3).withInnerEpochs(2).withClipRange(0.2);
            ConsistencyPolicy one = ToyPolicies.fresh(backend);
            ConsistencyPolicy other = ToyPolicies.fresh(backend);
            Rollout rollout = one.rollout(PROMPTS, RandomStreams.seeded(11));
            UpdateReport expected =
                    PpoOptimizer.of(one, config.withMinibatch(4), noised).update(rollout, ADVANTAGES);
            UpdateReport actual = PpoOptimizer.of(other, config.withMinibatch(minibatch), noised)
                    .update(rollout, ADVANTAGES);
            assertThat(actual.loss()).isCloseTo(expected.loss(), within(1e-5));
            assertThat(ToyPolicies.weights(other)).containsExactly(ToyPolicies.weights(one), within(2e-5));
            assertThat(actual.ratios().initialError()).isLessThan(1e-6);
        }
    }

    @Test
    void diffusionNftFindsTheReward() {
        assertThat(learned(Objective.of(PolicyLosses.diffusionNft(0.5, 2)))).isLessThan(0.28);
    }

    @Test
    void clippedMatchingFindsTheReward() {
        assertThat(learned(Objective.of(PolicyLosses.clipped()))).isLessThan(0.28);
    }

    @Test
    void diffusionDpoFindsTheReward() {
        assertThat(learned(Objective.pairs(PairLoss.dpo(0.5), Pairing.bestWithWorst())))
                .isLessThan(0.28);
    }

    /** The distance from the best shift after learning, see {@link ShiftLearning}; at first it is 0.57. */
    private double learned(Objective objective) {
        return ShiftLearning.distance(
                backend, ShiftLearning.CONFIG.withClipRange(0.2), objective.on(RowSource.noised(SHIFTED, 1)));
    }

    @Test
    void trajectoriesWithoutTheirLatentAreRefused() {
        ConsistencyPolicy policy = ToyPolicies.fresh(backend);
        Trajectory sampled = policy.rollout(List.of("a"), RandomStreams.seeded(5))
                .trajectories()
                .get(0);
        Trajectory bare = Trajectory.of(
                sampled.conditioning(), List.of(sampled.state(0)), List.of(), new double[0], sampled.sample());
        assertThatThrownBy(() -> RowSource.noised(LCM, 1).rows(bare, RandomStreams.seeded(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("does not hold its final latent");
    }
}
