package dev.rlcm.parallel;

import dev.rlcm.backend.AttentionForms;
import dev.rlcm.backend.Backend;
import dev.rlcm.backend.Closing;
import dev.rlcm.backend.ConvolutionForms;
import dev.rlcm.backend.DerivedWeights;
import dev.rlcm.backend.Executable;
import dev.rlcm.backend.MemoryPolicy;
import dev.rlcm.check.Check;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.TensorData;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * One backend made of several, such as the CUDA devices of a machine. Policies and optimisers on it keep a replica of their
 * network on each, sample batches of trajectories and evaluate minibatches on all of them at once, and combine the results in an
 * order that does not depend on the number of replicas: as long as the replicas compute alike (the same kind of device, the
 * same number of threads), so do one and many, bit for bit.
 *
 * <p>What it compiles itself, such as a decoder or the network of a reward, runs on the replica whose thread asks, see {@link
 * Replicas}, and on the least busy one for all other threads.
 *
 * <p>Thread-safe. Owns the replicas: closing it closes all of them, and is idempotent.
 */
public final class ReplicatedBackend implements Backend {
    private final List<Backend> replicas;
    private final List<AtomicInteger> running;

    private ReplicatedBackend(List<Backend> replicas) {
        this.replicas = replicas;
        this.running = replicas.stream().map(replica -> new AtomicInteger()).toList();
    }

    /**
     * Makes one of several. They belong to the result from now on.
     *
     * @param replicas at least one, which compile graphs alike: of one memory policy, one form of convolutions and one of attention
     * @throws IllegalArgumentException if there is none, or two differ in these
     */
    public static ReplicatedBackend of(List<? extends Backend> replicas) {
        List<Backend> all = List.copyOf(replicas);
        Check.that(!all.isEmpty(), "replicas", "at least one backend", all);
        checkSame("memory policy", all, Backend::memoryPolicy);
        checkSame("form of convolutions", all, Backend::convolutionForms);
        checkSame("form of attention", all, Backend::attentionForms);
        return new ReplicatedBackend(all);
    }

    private static void checkSame(String what, List<Backend> all, Function<Backend, Object> setting) {
        Object first = setting.apply(all.get(0));
        all.forEach(other -> Check.that(
                setting.apply(other).equals(first),
                "the " + what + " of replicas",
                "the same, " + first,
                setting.apply(other)));
    }

    /** Compiles the graph on every replica. */
    @Override
    public Executable compile(Graph graph) {
        List<Executable> executables = new ArrayList<>();
        try {
            for (Backend replica : replicas) {
                executables.add(replica.compile(graph));
            }
        } catch (RuntimeException e) {
            executables.forEach(Executable::close);
            throw e;
        }
        return new Dispatched(List.copyOf(executables));
    }

    @Override
    public List<Backend> replicas() {
        return replicas;
    }

    @Override
    public MemoryPolicy memoryPolicy() {
        return replicas.get(0).memoryPolicy();
    }

    @Override
    public ConvolutionForms convolutionForms() {
        return replicas.get(0).convolutionForms();
    }

    @Override
    public AttentionForms attentionForms() {
        return replicas.get(0).attentionForms();
    }

    /** Those of the first replica, for what is compiled on all of them. */
    @Override
    public DerivedWeights derivedWeights() {
        return replicas.get(0).derivedWeights();
    }

    @Override
    public void close() {
        Closing.all(replicas.stream().<Runnable>map(replica -> replica::close).toList());
    }

    /** The same graph on every replica; a run takes one of them. */
    private final class Dispatched implements Executable {
        private final List<Executable> executables;

        Dispatched(List<Executable> executables) {
            this.executables = executables;
        }

        @Override
        public Map<String, TensorData> run(Map<String, TensorData> inputs) {
            int replica = take();
            try {
                return executables.get(replica).run(inputs);
            } finally {
                running.get(replica).decrementAndGet();
            }
        }

        @Override
        public void run(Map<String, TensorData> inputs, Map<String, TensorData> outputs) {
            int replica = take();
            try {
                executables.get(replica).run(inputs, outputs);
            } finally {
                running.get(replica).decrementAndGet();
            }
        }

        @Override
        public void close() {
            Closing.all(executables.stream()
                    .<Runnable>map(executable -> executable::close)
                    .toList());
        }
    }

    private int take() {
        int replica = ReplicaThread.current().orElseGet(this::leastBusy) % replicas.size();
        running.get(replica).incrementAndGet();
        return replica;
    }

    /** The first of the least busy ones. Two threads may choose the same one at once, which costs them time only. */
    private int leastBusy() {
        return IntStream.range(0, replicas.size())
                .boxed()
                .min((one, other) -> Integer.compare(
                        running.get(one).get(), running.get(other).get()))
                .orElseThrow();
    }
}
