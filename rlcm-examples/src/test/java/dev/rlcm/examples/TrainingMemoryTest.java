package dev.rlcm.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.rlcm.backend.Backend;
import dev.rlcm.examples.models.EmbeddedModel;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.onnx.OrtBackend;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.ppo.PpoConfig;
import dev.rlcm.ppo.PpoOptimizer;
import dev.rlcm.random.RandomStreams;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Training in its steady state: graphs compiled, buffers allocated, code compiled by the JVM. */
class TrainingMemoryTest {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final int WARM_UP = 40;
    private static final int UPDATES = 200;

    private static final long LARGEST_HEAP_GROWTH = 4 << 20;

    @Test
    void twoHundredUpdatesUseNoMoreMemoryThanOne() throws IOException {
        assumeTrue(Files.exists(STATUS), "the resident set is read from /proc/self/status, which this system lacks");
        try (Backend backend = OrtBackend.cpu(1)) {
            LatentConsistencyModel model = LatentConsistencyModel.load(EmbeddedModel.emojiLcm(), backend);
            SamplingPlan plan = SamplingPlan.steps(2).withGuidance(3).withBatch(2);
            ConsistencyPolicy policy = model.policy(LoraConfig.rank(16), plan);
            PpoOptimizer ppo = PpoOptimizer.of(policy, PpoConfig.defaults().withTrajectoriesPerStep(2));
            train(policy, ppo, 0, WARM_UP);
            long heap = usedHeap();
            long resident = resident();
            train(policy, ppo, WARM_UP, WARM_UP + UPDATES);
            long heapGrowth = usedHeap() - heap;
            long residentGrowth = resident() - resident;
            long gradients = policy.adapter().size() * Float.BYTES;
            assertThat(heapGrowth).as("growth of the used heap, bytes").isLessThan(LARGEST_HEAP_GROWTH);
            assertThat(residentGrowth)
                    .as("growth of the resident set, bytes, against what leaking the gradients each time would make")
                    .isLessThan(UPDATES * gradients / 2);
        }
    }

    private static void train(ConsistencyPolicy policy, PpoOptimizer ppo, int from, int to) {
        List<String> prompts = List.of("a cat", "a dog");
        for (int update = from; update < to; update++) {
            Rollout rollout = policy.rollout(prompts, RandomStreams.seeded(update));
            ppo.update(rollout, new double[] {1, -1});
            if (update % 20 == 0) {
                System.gc(); // so that the heap has no reason to expand
            }
        }
    }

    private static long usedHeap() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    private static long resident() throws IOException {
        String line = Files.readAllLines(STATUS).stream()
                .filter(entry -> entry.startsWith("VmRSS:"))
                .findFirst()
                .orElseThrow();
        return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
    }
}
