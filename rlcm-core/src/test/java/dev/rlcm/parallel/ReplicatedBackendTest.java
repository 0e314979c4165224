package dev.rlcm.parallel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.BackendException;
import dev.rlcm.backend.Executable;
import dev.rlcm.backend.MemoryPolicy;
import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ReplicatedBackendTest {
    private static final Value X = Value.input("x", DataType.FLOAT32, Shape.of(2));
    private static final Graph DOUBLED = Graph.of("y", X.mul(2));
    private static final Map<String, TensorData> INPUTS = Map.of("x", TensorData.floats(Shape.of(2), 1, 3));

    /** Counts what it runs, and may fail. */
    private static final class Counting implements Backend {
        private final ReferenceBackend inner = new ReferenceBackend();
        private final MemoryPolicy memory;
        private int compiled;
        private int runs;
        private int closes;
        private String failure = "";

        Counting(MemoryPolicy memory) {
            this.memory = memory;
        }

        private void fail() {
            if (!failure.isEmpty()) {
                throw new BackendException(failure);
            }
        }

        @Override
        public Executable compile(Graph graph) {
            fail();
            compiled++;
            Executable executable = inner.compile(graph);
            return new Executable() {
                @Override
                public Map<String, TensorData> run(Map<String, TensorData> inputs) {
                    runs++;
                    return executable.run(inputs);
                }

                @Override
                public void run(Map<String, TensorData> inputs, Map<String, TensorData> outputs) {
                    runs++;
                    executable.run(inputs, outputs);
                }

                @Override
                public void close() {
                    compiled--;
                    executable.close();
                }
            };
        }

        @Override
        public MemoryPolicy memoryPolicy() {
            return memory;
        }

        @Override
        public void close() {
            closes++;
            fail();
        }
    }

    private final Counting first = new Counting(MemoryPolicy.FAST);
    private final Counting second = new Counting(MemoryPolicy.FAST);
    private final Backend both = ReplicatedBackend.of(List.of(first, second));

    /** Runs the graph on the threads of both replicas at once. */
    private void runOnBoth(Executable executable) {
        Replicas<Replicas.Replica> threads = Replicas.of(both, backend -> () -> {});
        threads.inOrder(4, (thread, i) -> executable.run(INPUTS), result -> {});
    }

    @Test
    void aGraphRunsOnTheReplicaWhoseThreadAsks() {
        runOnBoth(both.compile(DOUBLED));
        assertThat(first.runs).isEqualTo(2);
        assertThat(second.runs).isEqualTo(2);
    }

    @Test
    void otherThreadsTakeOneThatIsIdle() {
        Executable executable = both.compile(DOUBLED);
        assertThat(executable.run(INPUTS).get("y").toFloats()).containsExactly(2, 6);
        TensorData output = TensorData.zeros(DataType.FLOAT32, Shape.of(2));
        executable.run(INPUTS, Map.of("y", output));
        assertThat(output.toFloats()).containsExactly(2, 6);
        assertThat(first.runs).isEqualTo(2);
        assertThat(second.runs).isZero();
    }

    @Test
    void closingClosesAllWhateverOneOfThemSays() {
        Executable executable = both.compile(DOUBLED);
        executable.close();
        assertThat(List.of(first.compiled, second.compiled)).containsExactly(0, 0);
        first.failure = "busy";
        second.failure = "lost";
        assertThatThrownBy(both::close).hasMessage("busy").satisfies(e -> assertThat(e.getSuppressed())
                .hasSize(1));
        assertThat(second.closes).isEqualTo(1);
    }

    @Test
    void whatOneReplicaCannotCompileIsLeftOpenOnNone() {
        second.failure = "out of memory";
        assertThatThrownBy(() -> both.compile(DOUBLED)).hasMessage("out of memory");
        assertThat(first.compiled).isZero();
    }

    @Test
    void replicasHaveToCompileAlike() {
        List<Backend> unlike = new ArrayList<>(List.of(first, new Counting(MemoryPolicy.SMALL)));
        assertThatThrownBy(() -> ReplicatedBackend.of(unlike))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the memory policy of replicas must be the same, FAST, got SMALL");
        assertThatThrownBy(() -> ReplicatedBackend.of(List.of())).hasMessageContaining("at least one backend");
    }

    @Test
    void aSingleBackendIsItsOwnOnlyReplica() {
        assertThat(first.replicas()).containsExactly(first);
        assertThat(both.replicas()).containsExactly(first, second);
    }
}
