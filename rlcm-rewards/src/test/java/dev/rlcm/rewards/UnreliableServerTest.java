package dev.rlcm.rewards;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rlcm.backend.Backend;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.ppo.AdvantageEstimator;
import dev.rlcm.ppo.PpoConfig;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.reward.PendingScores;
import dev.rlcm.reward.RewardException.Kind;
import dev.rlcm.reward.RewardFailure;
import dev.rlcm.reward.RewardPool;
import dev.rlcm.reward.Sample;
import dev.rlcm.reward.Score;
import dev.rlcm.rewards.UnreliableServer.Whim;
import dev.rlcm.train.EpochReport;
import dev.rlcm.train.Prompts;
import dev.rlcm.train.Trainer;
import dev.rlcm.train.TrainerConfig;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Against a server in a process of its own, on the loopback. */
@Timeout(300)
final class UnreliableServerTest {
    private static final int BATCH = 10;

    /** What the pictures of a request come to that has none of its scores taken. */
    private static final Map<Whim, Kind> LOST = Map.of(
            Whim.ONE_MORE, Kind.WRONG_COUNT,
            Whim.ONE_TWICE, Kind.WRONG_COUNT,
            Whim.ANSWERS_ANOTHER, Kind.WRONG_COUNT,
            Whim.NOT_A_NUMBER, Kind.MALFORMED,
            Whim.HALF_JSON, Kind.MALFORMED,
            Whim.HTML, Kind.MALFORMED,
            Whim.FLOOD, Kind.TOO_LARGE,
            Whim.REDIRECTS, Kind.REDIRECTED,
            Whim.BROKEN, Kind.SERVER_FAILED);

    /** What the fourth picture of a request comes to that has its other scores taken. */
    private static final Map<Whim, Kind> FOURTH_LOST = Map.of(
            Whim.WORD_FOR_NUMBER, Kind.MALFORMED,
            Whim.HUGE_NUMBER, Kind.MALFORMED,
            Whim.ONE_FEWER, Kind.WRONG_COUNT,
            Whim.EXCUSES_ITSELF, Kind.REFUSED);

    /** A running server. */
    private record Server(Process process, URI address) implements AutoCloseable {
        static Server start(int batch) throws IOException {
            String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
            Process process = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-Xmx256m",
                            "-cp",
                            classPath,
                            UnreliableServer.class.getName(),
                            Integer.toString(batch))
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
            return new Server(process, URI.create("http://localhost:" + out.readLine() + "/score"));
        }

        RemoteReward reward(int batch) {
            RequestLimits limits = RequestLimits.defaults()
                    .withConcurrency(8)
                    .withAttempts(3)
                    .withTimeout(Duration.ofSeconds(3))
                    .withPauses(Duration.ofMillis(1), Duration.ofMillis(10))
                    .withLongestOutage(Duration.ZERO);
            return RemoteReward.of(ModelServer.at(address).withLimits(limits)).withBatch(batch);
        }

        @Override
        public void close() {
            process.destroy();
        }
    }

    /** Its number is in its red and green. */
    private static Sample picture(int number) {
        float[] pixels = new float[3 * 2 * 2];
        Arrays.fill(pixels, 0, 4, (number >> 8) / 255f);
        Arrays.fill(pixels, 4, 8, (number & 0xff) / 255f);
        return Sample.of("picture " + number, 2, 2, pixels);
    }

    @Test
    void ofAThousandPicturesNoneIsLostAndNoneHasTheScoreOfAnother() throws Exception {
        List<Sample> samples =
                IntStream.range(0, 1000).mapToObj(UnreliableServerTest::picture).toList();
        List<Score> scores;
        try (Server server = Server.start(BATCH);
                RewardPool pool = RewardPool.of(server.reward(BATCH).onFailure(RewardFailure.DROP), 4)) {
            PendingScores pending = pool.submit(samples);
            scores = pending.awaitAll();
        }
        assertThat(scores).hasSize(1000);
        for (int i = 0; i < 1000; i++) {
            Whim whim = Whim.of(i / BATCH * BATCH, BATCH);
            Kind lost = i % BATCH == 3 ? FOURTH_LOST.getOrDefault(whim, LOST.get(whim)) : LOST.get(whim);
            if (lost == null) {
                assertThat(scores.get(i)).as("%d, %s", i, whim).isEqualTo(new Score.Value(i * UnreliableServer.SCALE));
            } else {
                assertThat(scores.get(i)).as("%d, %s", i, whim).isInstanceOf(Score.Missing.class);
                Score.Missing missing = (Score.Missing) scores.get(i);
                assertThat(missing.policy()).isEqualTo(RewardFailure.DROP);
                assertThat(missing.reason().kind()).as("%d, %s", i, whim).isEqualTo(lost);
                assertThat(missing.reason().sampleIndex()).hasValue(i);
                assertThat(missing.reason()).hasMessageContaining("\"picture " + i + "\"");
            }
        }
    }

    /** One picture in a request, whose number decides what happens to it. */
    @Test
    void trainingWithAnUnreliableServerIsTrainingWithoutWhatItLoses() throws Exception {
        Path root = Path.of(System.getProperty("rlcm.root"), "rlcm-examples/src/main/resources/models/emoji-lcm");
        Prompts prompts = Prompts.of("a cat", "a dog");
        TrainerConfig config =
                TrainerConfig.defaults().withEpochs(2).withTrajectories(8).withSeed(7);
        List<EpochReport> reports = new ArrayList<>();
        try (Server server = Server.start(1);
                Backend backend = OrtBackend.cpu()) {
            LatentConsistencyModel model = LatentConsistencyModel.load(root, backend);
            ConsistencyPolicy trained = policy(model);
            new Trainer(trained, optimizer(trained), server.reward(1).onFailure(RewardFailure.DROP), prompts, config)
                    .run(reports::add);

            ConsistencyPolicy without = policy(model);
            PpoOptimizer ppo = optimizer(without);
            AdvantageEstimator credit = config.advantages();
            for (int epoch = 0; epoch < config.epochs(); epoch++) {
                RandomStreams random = RandomStreams.seeded(7).at("epoch").at(epoch);
                Rollout sampled = without.rollout(prompts.draw(8, random), random.at("noise"));
                List<Integer> scored = IntStream.range(0, 8)
                        .filter(i -> isScored(number(sampled.samples().get(i))))
                        .boxed()
                        .toList();
                Rollout rollout = sampled.select(scored);
                double[] rewards = rollout.samples().stream()
                        .mapToDouble(sample -> number(sample) * UnreliableServer.SCALE)
                        .toArray();
                ppo.update(rollout, credit.estimate(rollout.prompts(), rewards));
                assertThat(reports.get(epoch).rewards()).containsExactly(rewards);
                assertThat(reports.get(epoch).unscored()).hasSize(8 - scored.size());
            }
            assertThat(reports).anyMatch(report -> !report.unscored().isEmpty());
            assertThat(weights(trained)).usingRecursiveComparison().isEqualTo(weights(without));
        }
    }

    private static int number(Sample sample) {
        return UnreliableServer.number(sample.toBufferedImage());
    }

    private static boolean isScored(int number) {
        Whim whim = Whim.of(number, 1);
        return !LOST.containsKey(whim) && !FOURTH_LOST.containsKey(whim);
    }

    private static ConsistencyPolicy policy(LatentConsistencyModel model) {
        return model.policy(
                LoraConfig.rank(2).targeting("to_q"), SamplingPlan.steps(2).withBatch(4), RandomStreams.seeded(3));
    }

    private static PpoOptimizer optimizer(ConsistencyPolicy policy) {
        return PpoOptimizer.of(policy, PpoConfig.defaults().withTrajectoriesPerStep(4));
    }

    private static List<float[]> weights(ConsistencyPolicy policy) {
        return policy.adapter().tensors().values().stream()
                .map(tensor -> tensor.toFloats())
                .toList();
    }
}
