package dev.rlcm.onnx.pipeline;

import dev.rlcm.mdp.Schedule;
import java.io.IOException;

class StableDiffusion3Test extends FamilyTest {
    StableDiffusion3Test() {
        super("sd3", 3, "joint-attention");
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
