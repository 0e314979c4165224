package dev.rlcm.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerJobStart;
import org.apache.spark.scheduler.SparkListenerTaskStart;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;
import scala.jdk.javaapi.CollectionConverters;

/** A cluster of processes whose executors are killed at work: run by {@code mvn verify -P cluster}. */
@Tag("cluster")
class LostExecutorsTest {
    @TempDir
    Path directory;

    /** Kills an executor when the n-th job of a kind has begun to run. */
    private static final class Killer extends SparkListener {
        private final StandaloneCluster cluster;
        private final Map<String, List<Integer>> victims;
        private final Map<String, Integer> seen = new HashMap<>();
        private final Map<Integer, Integer> stages = new HashMap<>();
        private final AtomicInteger kills = new AtomicInteger();

        /** @param victims the numbers, from 0, of the jobs of each kind */
        Killer(StandaloneCluster cluster, Map<String, List<Integer>> victims) {
            this.cluster = cluster;
            this.victims = victims;
        }

        @Override
        public void onJobStart(SparkListenerJobStart job) {
            String kind = job.properties().getProperty("spark.job.description").split(" ")[0];
            int number = seen.merge(kind, 1, Integer::sum) - 1;
            if (victims.getOrDefault(kind, List.of()).contains(number)) {
                CollectionConverters.asJava(job.stageIds())
                        .forEach(stage -> stages.put(((Number) (Object) stage).intValue(), number % 2));
            }
        }

        @Override
        public void onTaskStart(SparkListenerTaskStart task) {
            Integer worker = stages.get(task.stageId());
            if (worker != null) {
                stages.clear();
                cluster.killExecutor(worker);
                kills.incrementAndGet();
            }
        }
    }

    @Test
    void anExecutorKilledInARolloutAndInAnUpdateIsNotSeenInTheResult() throws Exception {
        TestSetup setup = TestSetup.plain();
        Course alone = Course.alone(setup, 5);
        try (StandaloneCluster cluster = new StandaloneCluster(directory, 2)) {
            Killer killer = new Killer(cluster, Map.of("sample", List.of(1), "add", List.of(4, 9)));
            try (JavaSparkContext spark = new JavaSparkContext(cluster.conf())) {
                spark.sc().addSparkListener(killer);
                assertThat(Course.on(spark, setup, 5, report -> {})).isEqualTo(alone);
            }
            assertThat(killer.kills).hasValue(3);
        }
    }

    /** What the driver still holds when it has collected its garbage must not grow with the epochs. */
    @Test
    void fiftyEpochsWithAnExecutorKilledEveryFiveLoseNothingAndHoldNothing() throws Exception {
        TestSetup setup = TestSetup.plain();
        Course alone = Course.alone(setup, 50);
        List<Long> driver = new ArrayList<>();
        List<Long> executors = new ArrayList<>();
        try (StandaloneCluster cluster = new StandaloneCluster(directory, 2);
                JavaSparkContext spark = new JavaSparkContext(cluster.conf())) {
            Killer killer = new Killer(cluster, Map.of("sample", List.of(5, 10, 15, 20, 25, 30, 35, 40, 45)));
            spark.sc().addSparkListener(killer);
            Course course = Course.on(spark, setup, 50, report -> {
                System.gc();
                driver.add(
                        ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
                try {
                    executors.add(cluster.executorMemory());
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            assertThat(course).isEqualTo(alone);
            assertThat(killer.kills).hasValue(9);
        }
        LoggerFactory.getLogger(LostExecutorsTest.class)
                .warn("Heap of the driver {}, resident memory of the executors {}", driver, executors);
        assertThat(driver.get(49)).isLessThan(driver.get(9) + (32L << 20));
    }
}
