package dev.rlcm.parallel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.BackendException;
import dev.rlcm.backend.ReferenceBackend;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ReplicasTest {
    /** What a replica did. */
    private static final class Worker implements Replicas.Replica {
        private final List<Integer> parts = Collections.synchronizedList(new ArrayList<>());
        private boolean closed;

        int square(int index) {
            parts.add(index);
            return index * index;
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    private static Backend backend(int replicas) {
        return ReplicatedBackend.of(
                Stream.generate(ReferenceBackend::new).limit(replicas).toList());
    }

    private static Replicas<Worker> workers(int replicas) {
        return Replicas.of(backend(replicas), backend -> new Worker());
    }

    private static void assertNoThreadIsLeft() {
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (thread instanceof ReplicaThread) {
                try {
                    thread.join(10_000); // its work is done, it may be on its last instructions
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
                assertThat(thread.isAlive()).isFalse();
            }
        }
    }

    @Property(tries = 50)
    void resultsComeInOrderWhoeverComputesThem(
            @ForAll @IntRange(min = 1, max = 5) int replicas, @ForAll @IntRange(max = 20) int count) {
        Replicas<Worker> workers = workers(replicas);
        List<Integer> results = new ArrayList<>();
        workers.inOrder(count, Worker::square, results::add);
        assertThat(results)
                .isEqualTo(IntStream.range(0, count).mapToObj(i -> i * i).toList());
        for (int r = 0; r < replicas; r++) {
            int replica = r;
            assertThat(workers.all().get(r).parts)
                    .isEqualTo(IntStream.range(0, count)
                            .filter(i -> i % replicas == replica)
                            .boxed()
                            .toList());
        }
        assertNoThreadIsLeft();
    }

    @Test
    void partsOfDifferentReplicasRunAtOnce() {
        CountDownLatch both = new CountDownLatch(2);
        workers(2).inOrder(2, (worker, i) -> meet(both), result -> {});
        assertThat(both.getCount()).isZero();
    }

    private static boolean meet(CountDownLatch latch) {
        latch.countDown();
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        return true;
    }

    @Test
    void aReplicaThatFailsIsNamedAndTheOthersComeToTheirEnd() {
        Replicas<Worker> workers = workers(3);
        assertThatThrownBy(() -> workers.inOrder(
                        9,
                        (worker, i) -> {
                            if (i == 4) {
                                throw new BackendException("the device was lost");
                            }
                            return worker.square(i);
                        },
                        result -> {}))
                .isInstanceOf(BackendException.class)
                .hasMessage("replica 2 of 3 failed: the device was lost");
        assertNoThreadIsLeft();
        assertThat(workers.all().get(0).parts.size()).isLessThanOrEqualTo(3);
    }

    @Test
    void faultsOfTheCallerStayWhatTheyAre() {
        IllegalArgumentException fault = new IllegalArgumentException("noise must be finite");
        assertThatThrownBy(() -> workers(2)
                        .inOrder(
                                4,
                                (worker, i) -> {
                                    throw fault;
                                },
                                result -> {}))
                .isSameAs(fault);
        assertThatThrownBy(() -> workers(2).inOrder(4, Worker::square, result -> {
                    throw fault;
                }))
                .isSameAs(fault);
        assertNoThreadIsLeft();
    }

    @Test
    void anInterruptIsKeptForLater() {
        List<Integer> results = new ArrayList<>();
        Thread.currentThread().interrupt();
        workers(2).inOrder(4, Worker::square, results::add);
        assertThat(Thread.interrupted()).isTrue();
        assertThat(results).containsExactly(0, 1, 4, 9);
    }

    @Test
    void thoseMadeBeforeAFailureAreClosed() {
        List<Worker> made = new ArrayList<>();
        assertThatThrownBy(() -> Replicas.of(backend(3), backend -> {
                    if (made.size() == 2) {
                        throw new BackendException("out of memory");
                    }
                    made.add(new Worker());
                    return made.get(made.size() - 1);
                }))
                .hasMessage("out of memory");
        assertThat(made).hasSize(2).allMatch(worker -> worker.closed);
    }
}
