package dev.rlcm.optim;

import dev.rlcm.graph.TensorData;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Several optimisers, each of some of the parameters. */
final class GroupedOptimizer implements Optimizer {
    private final List<Group> groups = new ArrayList<>();
    private final List<FloatBuffer> parameters;

    /** An optimiser and the places of its parameters among all. */
    private record Group(Optimizer optimizer, List<Integer> members) {
        <T> List<T> of(List<T> all) {
            return members.stream().map(all::get).toList();
        }
    }

    private GroupedOptimizer(Map<OptimizerConfig, List<Integer>> members, List<FloatBuffer> parameters) {
        this.parameters = List.copyOf(parameters);
        members.forEach((config, places) -> {
            List<FloatBuffer> own = places.stream().map(parameters::get).toList();
            groups.add(new Group(config.optimizer(own), places));
        });
    }

    /** @param members a partition of the parameters' places */
    static Optimizer of(Map<OptimizerConfig, List<Integer>> members, List<FloatBuffer> parameters) {
        return members.size() == 1
                ? members.keySet().iterator().next().optimizer(parameters)
                : new GroupedOptimizer(members, parameters);
    }

    @Override
    public void step(List<FloatBuffer> gradients, double factor) {
        AdamW.checkGradients(parameters, gradients); // of all groups before the first one changes anything
        groups.forEach(group -> group.optimizer.step(group.of(gradients), factor));
    }

    @Override
    public Map<String, TensorData> state() {
        Map<String, TensorData> state = new LinkedHashMap<>();
        for (int g = 0; g < groups.size(); g++) {
            String prefix = prefix(g);
            groups.get(g).optimizer.state().forEach((name, tensor) -> state.put(prefix + name, tensor));
        }
        return state;
    }

    @Override
    public void restore(Map<String, TensorData> state) {
        Map<String, TensorData> before = state();
        try {
            restoreAll(state);
        } catch (RuntimeException e) {
            restoreAll(before);
            throw e;
        }
    }

    private void restoreAll(Map<String, TensorData> state) {
        for (int g = 0; g < groups.size(); g++) {
            String prefix = prefix(g);
            Map<String, TensorData> own = new LinkedHashMap<>();
            state.forEach((name, tensor) -> {
                if (name.startsWith(prefix)) {
                    own.put(name.substring(prefix.length()), tensor);
                }
            });
            groups.get(g).optimizer.restore(own);
        }
    }

    private static String prefix(int group) {
        return "group." + group + ".";
    }
}
