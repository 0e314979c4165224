package dev.rlcm.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.backend.BackendException;
import dev.rlcm.policy.Rollout;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.train.Trainer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two executors' worth of threads in this process. Tests tagged "cluster" are for its profile. */
class ClusterTrainingTest {
    private static JavaSparkContext spark;

    @BeforeAll
    static void start() {
        spark = new JavaSparkContext(new SparkConf()
                .setMaster("local[2, 3]") // three attempts for a task
                .setAppName("test")
                .set("spark.ui.enabled", "false")
                .set("spark.driver.host", "localhost")
                .set("spark.driver.bindAddress", "127.0.0.1"));
    }

    @AfterAll
    static void stop() {
        spark.close();
        assertThat(TestSetup.OPEN).hasValue(0);
    }

    /** Every task that samples fails once, as on a host that cannot score, and is done again. */
    @Test
    void aClusterGivesTheBitsOfOneBackendThoughTasksFail() throws Exception {
        Course cluster = Course.on(spark, TestSetup.plain().withPoison(), 5, report -> {});
        assertThat(cluster).isEqualTo(Course.alone(TestSetup.plain(), 5));
    }

    @Test
    @Tag("cluster")
    void pairsAreComparedAsOnOneBackend() throws Exception {
        TestSetup setup = TestSetup.plain().withPairs();
        assertThat(Course.on(spark, setup, 2, report -> {})).isEqualTo(Course.alone(setup, 2));
    }

    @Test
    void aHostWithAnotherModelIsNamed() {
        assertThatThrownBy(() -> ClusterTraining.open(spark, TestSetup.plain().withMark("another")))
                .isInstanceOf(BackendException.class)
                .hasMessageContaining("the host ")
                .hasMessageContaining("has another model than the driver (another, not same)");
    }

    @Test
    @Tag("cluster")
    void aCheckpointOnAFileSystemOfHadoopContinuesBitForBit(@TempDir Path directory) throws Exception {
        String uri = directory.toUri() + "deep/run.safetensors";
        TestSetup setup = TestSetup.plain();
        HadoopCheckpoints files = new HadoopCheckpoints(spark.hadoopConfiguration());
        try (ClusterTraining first = ClusterTraining.open(spark, setup)) {
            Trainer trainer = Course.trainer(first.policy(), first.optimizer(), first.reward(), 1);
            trainer.run(report -> {});
            assertThat(files.exists(uri)).isFalse();
            files.write(uri, trainer::save);
            files.write(uri, trainer::save);
        }
        assertThat(directory.resolve("deep").toFile().list()).doesNotContain("file.safetensors");
        try (ClusterTraining second = ClusterTraining.open(spark, setup)) {
            Trainer trainer = Course.trainer(second.policy(), second.optimizer(), second.reward(), 2);
            files.resume(uri, trainer);
            assertThat(trainer.epochsDone()).isEqualTo(1);
            trainer.run(report -> {});
            assertThat(AdapterWeights.of(second.policy().parameters()).hash()).isEqualTo(hashAlone(setup, 2));
        }
    }

    private static String hashAlone(TestSetup setup, int epochs) throws IOException, InterruptedException {
        try (ClusterModel model = setup.open()) {
            var policy = model.policy();
            var ppo = PpoOptimizer.of(policy, model.ppo(), model.objective(policy));
            Course.trainer(policy, ppo, model.reward(), epochs).run(report -> {});
            return AdapterWeights.of(policy.parameters()).hash();
        }
    }

    @Test
    @Tag("cluster")
    void whatStaysOnTheExecutorsIsSaid() throws Exception {
        try (ClusterTraining cluster = ClusterTraining.open(spark, TestSetup.plain())) {
            Rollout rollout = cluster.policy().rollout(List.of("a cat", "a dog"), RandomStreams.seeded(1));
            assertThatThrownBy(() -> rollout.trajectories().get(1).state(0))
                    .hasMessageContaining("the latents of trajectory 1 are on an executor");
            assertThat(cluster.reward().score(rollout.samples())).hasSize(2);
            cluster.policy().rollout(List.of("an owl"), RandomStreams.seeded(1));
            assertThatThrownBy(() -> cluster.optimizer().update(rollout, new double[] {1, -1}))
                    .hasMessageContaining("update with the latest");
            assertThatThrownBy(() -> cluster.policy().rollout(List.of("an owl"), (i, k, n) -> new float[n]))
                    .hasMessageContaining("noise must be serialisable");
        }
    }
}
