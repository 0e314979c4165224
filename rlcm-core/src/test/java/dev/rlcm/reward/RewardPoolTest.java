package dev.rlcm.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class RewardPoolTest {
    private static final RewardFunction CUBE = RewardFunction.each(sample -> Math.pow(sample.pixels()[0], 3) - 7);

    @Property(tries = 60)
    void aChunkedResultEqualsTheDirectOneInOrder(
            @ForAll @IntRange(max = 23) int samples, @ForAll @IntRange(min = 1, max = 9) int threads)
            throws InterruptedException {
        List<Sample> batch = Samples.count(samples);
        try (RewardPool pool = RewardPool.of(CUBE, threads)) {
            PendingScores first = pool.submit(batch);
            PendingScores second = pool.submit(batch);
            assertThat(first.await()).containsExactly(CUBE.score(batch));
            assertThat(second.await()).containsExactly(CUBE.score(batch));
            assertThat(first.isDone()).isTrue();
        }
    }

    @Property(tries = 60)
    void aFailureNamesTheIndexInTheSubmittedBatch(
            @ForAll @IntRange(max = 22) int culprit, @ForAll @IntRange(min = 1, max = 9) int threads) {
        RewardFunction picky = RewardFunction.each(sample -> sample.pixels()[0] == culprit ? Double.NaN : 1);
        try (RewardPool pool = RewardPool.of(picky.named("picky"), threads)) {
            PendingScores scores = pool.submit(Samples.count(23));
            assertThatThrownBy(scores::await)
                    .isInstanceOf(RewardException.class)
                    .hasMessageContainingAll("\"picky\"", "sample " + culprit + " (\"prompt " + culprit + "\")", "NaN");
        }
    }

    @Test
    void oneThreadSeesWholeBatchesOnADaemonThread() throws InterruptedException {
        List<Integer> sizes = Collections.synchronizedList(new ArrayList<>());
        List<Boolean> daemons = Collections.synchronizedList(new ArrayList<>());
        RewardFunction recording = samples -> {
            sizes.add(samples.size());
            daemons.add(Thread.currentThread().isDaemon());
            return new double[samples.size()];
        };
        try (RewardPool pool = RewardPool.of(recording, 1)) {
            pool.submit(Samples.count(5)).await();
            pool.submit(Samples.count(2)).await();
        }
        assertThat(sizes).containsExactly(5, 2);
        assertThat(daemons).containsExactly(true, true);
    }

    @Test
    void aPoolSurvivesAFailedBatch() throws InterruptedException {
        RewardFunction noThree = RewardFunction.each(sample -> 1 / (sample.pixels()[0] - 3));
        try (RewardPool pool = RewardPool.of(noThree, 2)) {
            PendingScores bad = pool.submit(Samples.count(8));
            PendingScores good = pool.submit(Samples.count(3));
            assertThatThrownBy(bad::await).isInstanceOf(RewardException.class).hasMessageContaining("sample 3");
            assertThat(good.await()).containsExactly(-1 / 3f, -1 / 2f, -1);
        }
    }

    @Test
    void errorsOfTheMachineReachTheWaiter() {
        RewardFunction broken = samples -> {
            throw new StackOverflowError("test");
        };
        try (RewardPool pool = RewardPool.of(broken, 2)) {
            PendingScores scores = pool.submit(Samples.count(4));
            assertThatThrownBy(scores::await).isInstanceOf(StackOverflowError.class);
        }
    }

    @RepeatedTest(20)
    void closingInterruptsTheRewardAndFreesEveryWaiter() throws InterruptedException {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch interrupted = new CountDownLatch(1);
        RewardFunction slow = samples -> {
            running.countDown();
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                interrupted.countDown();
            }
            return new double[samples.size()];
        };
        RewardPool pool = RewardPool.of(slow, 1);
        PendingScores begun = pool.submit(Samples.count(2));
        PendingScores queued = pool.submit(Samples.count(2));
        running.await();
        pool.close();
        pool.close();
        assertThat(interrupted.getCount()).isZero();
        assertThatThrownBy(begun::await).isInstanceOf(CancellationException.class);
        assertThatThrownBy(queued::await).isInstanceOf(CancellationException.class);
        assertThatThrownBy(() -> pool.submit(Samples.count(1)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
    }

    @Test
    void waitingIsInterruptible() {
        CountDownLatch release = new CountDownLatch(1);
        RewardFunction slow = RewardFunction.each(sample -> {
            try {
                release.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return 0;
        });
        try (RewardPool pool = RewardPool.of(slow, 1)) {
            PendingScores scores = pool.submit(Samples.count(1));
            Thread.currentThread().interrupt();
            assertThatThrownBy(scores::await).isInstanceOf(InterruptedException.class);
            release.countDown();
        }
    }

    @Test
    void atLeastOneThreadIsNeeded() {
        assertThatThrownBy(() -> RewardPool.of(CUBE, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a reward pool needs at least 1 thread, got 0");
    }

    /** What Kotlin, Scala and Lombok's SneakyThrows do: a checked exception that no signature declares. */
    @SuppressWarnings("unchecked")
    private static <E extends Throwable> double sneak(Throwable thrown) throws E {
        throw (E) thrown;
    }

    @Test
    @Timeout(60) // a failure used to be waited for without end
    void undeclaredCheckedExceptionsReachTheWaiterWithTheirIdentity() {
        IOException lost = new IOException("the server hung up");
        for (RewardFunction reward : List.<RewardFunction>of(
                samples -> new double[] {RewardPoolTest.<RuntimeException>sneak(lost)},
                RewardFunction.each(sample -> RewardPoolTest.<RuntimeException>sneak(lost)))) {
            try (RewardPool pool = RewardPool.of(reward.named("remote"), 2)) {
                PendingScores scores = pool.submit(Samples.count(4));
                assertThatThrownBy(scores::await)
                        .isInstanceOf(RewardException.class)
                        .hasMessageContaining("\"remote\"")
                        .hasCause(lost);
            }
        }
    }

    @Test
    @Timeout(60)
    void evenARewardThatIsNotCheckedFreesItsWaiter() {
        IOException lost = new IOException("the server hung up");
        RewardFunction unchecked = new RewardFunction() {
            @Override
            public double[] score(List<Sample> samples) {
                return new double[samples.size()];
            }

            @Override
            public List<Score> attempt(List<Sample> samples, RewardFailure policy) {
                return Score.values(RewardPoolTest.<RuntimeException>sneak(lost));
            }

            @Override
            public RewardFunction checked() {
                return this;
            }
        };
        try (RewardPool pool = RewardPool.of(unchecked, 2)) {
            PendingScores scores = pool.submit(Samples.count(4));
            assertThatThrownBy(scores::await).isSameAs(lost);
        }
    }
}
