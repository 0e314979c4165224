package dev.rlcm.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.DataType;
import dev.rlcm.graph.Graph;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.Shape;
import dev.rlcm.graph.TensorData;
import dev.rlcm.graph.Value;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.testing.Logged;
import dev.rlcm.testing.ToyModel;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LoraInjectionTest {
    private final Graph base = new ToyModel().denoiser(3);
    private final LoraConfig config = LoraConfig.rank(2).withAlpha(5).targeting("to_q", "to_out.0");

    @Test
    void aFreshAdapterChangesNothing() {
        AdaptedGraph adapted = LoraInjection.inject(base, config);
        LoraAdapter adapter = LoraAdapter.initial(config, adapted.sites(), RandomStreams.seeded(1));
        assertThat(run(adapted.graph(), adapter.tensors())).containsExactly(run(base, Map.of()));
    }

    @Test
    void theInjectedUpdateEqualsTheMergedWeight() {
        AdaptedGraph adapted = LoraInjection.inject(base, config);
        LoraAdapter adapter = randomAdapter(adapted.sites(), 2);
        double[] injected = run(adapted.graph(), adapter.tensors());
        assertThat(run(LoraMerge.merge(base, adapter), Map.of())).containsExactly(injected, within(1e-5));
        assertThat(injected).isNotEqualTo(run(base, Map.of()));
    }

    @Test
    void stackedAdaptersAddTheirUpdates() {
        LoraConfig other = LoraConfig.rank(1).targeting("to_q");
        AdaptedGraph first = LoraInjection.inject(base, config, "a.");
        AdaptedGraph both = LoraInjection.inject(first.graph(), other, "b.");
        LoraAdapter a = randomAdapter(first.sites(), 3);
        LoraAdapter b = LoraAdapter.of(
                other,
                both.sites(),
                Map.of(
                        "net.to_q.lora_A.weight", random(both.sites().get(0).shapeA(1), 5),
                        "net.to_q.lora_B.weight", random(both.sites().get(0).shapeB(1), 6)));
        Map<String, TensorData> factors = new HashMap<>();
        a.tensors().forEach((key, tensor) -> factors.put("a." + key, tensor));
        b.tensors().forEach((key, tensor) -> factors.put("b." + key, tensor));
        Graph merged = LoraMerge.merge(LoraMerge.merge(base, a), b);
        assertThat(run(both.graph(), factors)).containsExactly(run(merged, Map.of()), within(1e-5));
    }

    @Test
    void factorsAreInputsInTheAdaptersOrder() {
        AdaptedGraph adapted = LoraInjection.inject(base, config);
        LoraAdapter adapter = LoraAdapter.initial(config, adapted.sites(), RandomStreams.seeded(1));
        assertThat(adapted.factors().stream().map(Value::label))
                .containsExactlyElementsOf(adapter.tensors().keySet())
                .containsExactly(
                        "net.to_q.lora_A.weight",
                        "net.to_q.lora_B.weight",
                        "net.to_out.0.lora_A.weight",
                        "net.to_out.0.lora_B.weight");
        assertThat(adapted.graph().inputs()).startsWith(base.inputs().toArray(Value[]::new));
    }

    @Test
    void initialFactorsHaveTheReferencesSpread() {
        LoraSite wide = new LoraSite("wide", 400, 10);
        LoraAdapter adapter = LoraAdapter.initial(LoraConfig.rank(4), List.of(wide), RandomStreams.seeded(9));
        double square = 0;
        for (double a : adapter.tensors().get(wide.keyA()).toDoubles()) {
            square += a * a / 1600;
        }
        assertThat(Math.sqrt(square)).isCloseTo(1.0 / 4, within(0.02));
        assertThat(adapter.tensors().get(wide.keyB()).toDoubles()).containsOnly(0);
    }

    @Test
    void aRankThatLayersCannotUseIsTakenWithOneWarning() {
        LoraSite square = new LoraSite("square", 8, 8);
        LoraSite narrow = new LoraSite("narrow", 8, 2);
        LoraSite kernel = new LoraSite("kernel", 1, 9, Shape.of(3, 2));
        List<LoraSite> sites = List.of(square, narrow, kernel);
        assertThat(Logged.during(() -> LoraAdapter.initial(LoraConfig.rank(2), sites, RandomStreams.seeded(1))))
                .isEmpty();
        assertThat(Logged.during(() -> {
                    LoraAdapter adapter = LoraAdapter.initial(LoraConfig.rank(7), sites, RandomStreams.seeded(1));
                    assertThat(adapter.tensors().get(narrow.keyA()).shape()).isEqualTo(Shape.of(7, 8));
                }))
                .singleElement()
                .asString()
                .contains("LoRA rank 7 is larger than 2 layers can use")
                .endsWith("narrow: 2, kernel: 6");
    }

    @Test
    void aTargetThatMatchesNothingListsTheCandidates() {
        assertThatThrownBy(() -> LoraInjection.inject(base, LoraConfig.rank(1).targeting("query")))
                .isInstanceOf(GraphException.class)
                .hasMessageContainingAll("query", "to_q", "to_out.0");
    }

    private double[] run(Graph graph, Map<String, TensorData> factors) {
        Map<String, TensorData> inputs = new HashMap<>(factors);
        base.inputs()
                .forEach(input -> inputs.put(
                        input.label(), random(input.shape(), input.label().hashCode())));
        try (ReferenceBackend backend = new ReferenceBackend()) {
            return backend.compile(graph).run(inputs).get("out").toDoubles();
        }
    }

    static LoraAdapter randomAdapter(List<LoraSite> sites, long seed) {
        LoraConfig config = LoraConfig.rank(2).withAlpha(5).targeting("to_q", "to_out.0");
        Map<String, TensorData> weights = new HashMap<>();
        for (LoraSite site : sites) {
            weights.put(site.keyA(), random(site.shapeA(config.rank()), seed));
            weights.put(site.keyB(), random(site.shapeB(config.rank()), seed + 100));
        }
        return LoraAdapter.of(config, sites, weights);
    }

    static TensorData random(Shape shape, long seed) {
        float[] draws = RandomStreams.seeded(seed).gaussians((int) shape.size());
        return TensorData.generate(DataType.FLOAT32, shape, i -> draws[i]);
    }
}
