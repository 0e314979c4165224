package dev.rlcm.onnx.pipeline;

import dev.rlcm.mdp.Schedule;
import java.io.IOException;

class Flux2Test extends FamilyTest {
    Flux2Test() {
        super("flux2", 1, "joint-attention", "to_qkv_mlp_proj");
    }

    @Override
    FlowMatchingModel load(ModelDirectory from) throws IOException {
        return FlowMatchingModel.load(from, backend, options());
    }

    @Override
    Schedule deterministic(int evaluations) {
        return ((FlowMatchingModel) model).schedule().withNoiseLevel(0).steps(evaluations);
    }
}
