package dev.rlcm.onnx.pipeline;

import dev.rlcm.mdp.Schedule;
import java.io.IOException;

class SanaSprintTest extends FamilyTest {
    SanaSprintTest() {
        super("sana-sprint", 4.5, "to_q", "to_k", "to_v", "to_out.0");
    }

    @Override
    PipelineOptions options() {
        return WIDE;
    }

    @Override
    TrigFlowModel load(ModelDirectory from) throws IOException {
        return TrigFlowModel.load(from, backend, options());
    }

    @Override
    Schedule deterministic(int evaluations) {
        return model.schedule().steps(evaluations);
    }
}
