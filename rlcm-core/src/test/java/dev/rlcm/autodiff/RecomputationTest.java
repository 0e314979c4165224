package dev.rlcm.autodiff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.backend.Executable;
import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.Attributes;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.Op;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class RecomputationTest {
    private static final Value X = Value.input("x", DataType.FLOAT64, Shape.of(6, 4));

    /** Residual blocks with attention, a norm and a gate, of which one is skipped to the end, and their weights. */
    private record Network(Value output, List<Value> weights) {
        static Network of(int blocks, Random random) {
            List<Value> weights = new ArrayList<>();
            Value x = X;
            Value skipped = X;
            for (int i = 0; i < blocks; i++) {
                Value w = Value.input("w" + i, DataType.FLOAT64, Shape.of(4, 4));
                weights.add(w);
                Value h = x.matmul(w).tanh();
                Value inner = random.nextBoolean()
                        ? Value.of(Op.ATTENTION, Attributes.of("scale", 0.5), h, h.sin(), h)
                        : h.softmax(1).mul(h.sigmoid());
                x = x.add(inner.exp());
                skipped = i == blocks / 2 ? x : skipped;
            }
            return new Network(x.add(skipped.mul(0.5)), weights);
        }
    }

    @Property(tries = 60)
    void changesNoGradient(
            @ForAll long seed,
            @ForAll @IntRange(min = 1, max = 7) int blocks,
            @ForAll @IntRange(min = 1, max = 9) int worth) {
        Network network = Network.of(blocks, new Random(seed));
        Value loss = network.output.square().sum();
        List<Value> plain = Gradients.of(loss, network.weights);
        List<Value> again = recomputed(loss, network.weights, worth);
        Map<String, Value> outputs = new LinkedHashMap<>();
        for (int i = 0; i < plain.size(); i++) {
            outputs.put("plain" + i, plain.get(i));
            outputs.put("again" + i, again.get(i));
        }
        Map<String, TensorData> results = run(Graph.of(outputs), seed);
        for (int i = 0; i < plain.size(); i++) {
            for (int j = 0; j < 16; j++) {
                double expected = results.get("plain" + i).getDouble(j);
                assertThat(results.get("again" + i).getDouble(j))
                        .isCloseTo(expected, within(1e-9 * Math.max(1, Math.abs(expected))));
            }
        }
    }

    /** The law that saves memory. */
    @Property(tries = 30)
    void theBackwardPassRefersToKeptForwardValuesOnly(
            @ForAll long seed, @ForAll @IntRange(min = 3, max = 7) int blocks) {
        Network network = Network.of(blocks, new Random(seed));
        Value loss = network.output.square().sum();
        List<Value> forward = Graph.topologicalOrder(List.of(loss));
        Set<Value> isForward = Collections.newSetFromMap(new IdentityHashMap<>());
        isForward.addAll(forward);
        Set<Value> kept = KeptValues.betweenBlocks(forward, 0, 4);
        assertThat(kept).hasSizeLessThan(forward.size());
        assertThat(Graph.topologicalOrder(recomputed(loss, network.weights, 4)))
                .filteredOn(v -> !isForward.contains(v))
                .flatExtracting(Value::inputs)
                .filteredOn(isForward::contains)
                .allMatch(kept::contains);
    }

    @Example
    void cutsAreTheSumsThatEndBlocksAndWhatSkipsThem() {
        Value x = X;
        List<Value> sums = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Value h = x;
            for (int j = 0; j < 7; j++) {
                h = h.tanh();
            }
            x = x.add(h);
            sums.add(x);
        }
        List<Value> order = Graph.topologicalOrder(List.of(x.add(sums.get(0))));
        assertThat(KeptValues.betweenBlocks(order, 0, 8)).containsAll(sums).hasSize(1 + sums.size());
    }

    private static List<Value> recomputed(Value loss, List<Value> wrt, int worth) {
        return Gradients.of(loss, wrt, order -> KeptValues.betweenBlocks(order, 0, worth));
    }

    private static Map<String, TensorData> run(Graph graph, long seed) {
        Map<String, TensorData> inputs = new LinkedHashMap<>();
        Random random = new Random(seed);
        for (Value input : graph.inputs()) {
            inputs.put(
                    input.label(),
                    TensorData.generate(DataType.FLOAT64, input.shape(), i -> 0.5 * random.nextGaussian()));
        }
        try (ReferenceBackend backend = new ReferenceBackend();
                Executable executable = backend.compile(graph)) {
            return executable.run(inputs);
        }
    }
}
