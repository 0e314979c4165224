package dev.rlcm.testing;

import dev.rlcm.backend.Backend;
import dev.rlcm.lora.LoraAdapter;
import dev.rlcm.lora.LoraConfig;
import dev.rlcm.lora.LoraInjection;
import dev.rlcm.mdp.LatentConsistencySchedule;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.policy.SamplingPlan;
import dev.rlcm.precision.Precision;
import dev.rlcm.random.RandomStreams;
import java.util.Arrays;

/** Policies on the {@link ToyModel}. */
public final class ToyPolicies {
    private ToyPolicies() {}

    /** Three evaluations with a fresh adapter of rank 2. */
    public static ConsistencyPolicy fresh(Backend backend) {
        return fresh(backend, SamplingPlan.steps(3).withBatch(4));
    }

    public static ConsistencyPolicy fresh(Backend backend, SamplingPlan plan) {
        return fresh(new ToyModel(), backend, plan);
    }

    /** As {@link #fresh(Backend)}, in another precision. */
    public static ConsistencyPolicy fresh(Backend backend, Precision precision) {
        return fresh(new ToyModel(precision), backend, SamplingPlan.steps(3).withBatch(4));
    }

    /** All elements of the adapter's factors, in their order. */
    public static double[] weights(ConsistencyPolicy policy) {
        return policy.adapter().tensors().values().stream()
                .flatMapToDouble(tensor -> Arrays.stream(tensor.toDoubles()))
                .toArray();
    }

    private static ConsistencyPolicy fresh(ToyModel model, Backend backend, SamplingPlan plan) {
        LoraConfig lora = LoraConfig.rank(2).targeting("to_q", "to_out.0");
        LoraAdapter adapter =
                LoraAdapter.initial(lora, LoraInjection.sites(model.denoiser(1)), RandomStreams.seeded(3));
        return ConsistencyPolicy.of(
                model, LatentConsistencySchedule.defaults().steps(plan.steps()), plan.rollout(), adapter, backend);
    }
}
