package dev.rlcm.onnx.pipeline;

import dev.rlcm.mdp.Schedule;
import java.io.IOException;

class FluxTest extends FamilyTest {
    FluxTest() {
        super("flux", 3.5, "joint-attention");
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
