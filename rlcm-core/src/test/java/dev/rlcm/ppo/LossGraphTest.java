package dev.rlcm.ppo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rlcm.backend.Backend;
import dev.rlcm.backend.ReferenceBackend;
import dev.rlcm.graph.GraphException;
import dev.rlcm.graph.TensorData;
import dev.rlcm.mdp.Schedule;
import dev.rlcm.policy.Policy;
import dev.rlcm.policy.PolicyGraph;
import dev.rlcm.policy.Rollout;
import dev.rlcm.policy.RolloutRequest;
import dev.rlcm.policy.Transition;
import dev.rlcm.random.RandomStreams;
import dev.rlcm.testing.ToyPolicies;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class LossGraphTest {
    private static final ClipRange CLIP = ClipRange.of(0.2);

    @Test
    void gradientsFollowTheParametersByNameWhateverTheOrder() {
        try (Backend backend = new ReferenceBackend()) {
            Policy policy = ToyPolicies.fresh(backend);
            List<String> names = new ArrayList<>(policy.parameters().keySet());
            Collections.reverse(names);
            Rollout rollout = policy.rollout(List.of("a cat"), RandomStreams.seeded(1));
            Row row = new Row(
                    new Transition(rollout.trajectories().get(0), 0),
                    rollout.trajectories().get(0).logProb(0),
                    1);

            Map<String, FloatBuffer> own = gradients(policy, row);
            Map<String, FloatBuffer> reordered = gradients(new Renamed(policy, names), row);

            assertThat(reordered.keySet()).containsExactlyElementsOf(names);
            assertThat(reordered).isEqualTo(own);
        }
    }

    private static Map<String, FloatBuffer> gradients(Policy policy, Row row) {
        LossGraph graph = new LossGraph(policy, PolicyLosses.clipped(), CLIP, 1, true);
        graph.run(List.of(row), 1, 1);
        Map<String, FloatBuffer> byName = new LinkedHashMap<>();
        List<FloatBuffer> gradients = graph.gradients();
        for (String name : policy.parameters().keySet()) {
            byName.put(name, gradients.get(byName.size()));
        }
        return byName;
    }

    @Test
    void parametersThatTheGraphLacksAreRefused() {
        try (Backend backend = new ReferenceBackend()) {
            Policy policy = ToyPolicies.fresh(backend);
            List<String> some = new ArrayList<>(policy.parameters().keySet()).subList(1, 2);
            assertThatThrownBy(() -> LossGraph.check(new Renamed(policy, some), PolicyLosses.clipped(), CLIP, 1))
                    .isInstanceOf(GraphException.class)
                    .hasMessageContaining("must be its parameters " + some);
        }
    }

    /** A policy with some of another's parameters, in another order. */
    private record Renamed(Policy policy, List<String> names) implements Policy {
        @Override
        public Map<String, TensorData> parameters() {
            Map<String, TensorData> parameters = new LinkedHashMap<>();
            names.forEach(name -> parameters.put(name, policy.parameters().get(name)));
            return parameters;
        }

        @Override
        public Rollout rollout(RolloutRequest request) {
            return policy.rollout(request);
        }

        @Override
        public Schedule schedule() {
            return policy.schedule();
        }

        @Override
        public PolicyGraph graph(int rows) {
            return policy.graph(rows);
        }

        @Override
        public Backend backend() {
            return policy.backend();
        }

        @Override
        public void close() {
            policy.close();
        }
    }
}
