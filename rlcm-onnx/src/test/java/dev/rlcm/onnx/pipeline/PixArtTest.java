package dev.rlcm.onnx.pipeline;

import dev.rlcm.mdp.Schedule;
import java.io.IOException;

class PixArtTest extends FamilyTest {
    PixArtTest() {
        super("pixart", 1, "to_q", "to_k", "to_v", "to_out.0");
    }

    @Override
    LatentConsistencyModel load(ModelDirectory from) throws IOException {
        return LatentConsistencyModel.load(from, backend, options());
    }

    @Override
    Schedule deterministic(int evaluations) {
        return model.schedule().steps(evaluations);
    }
}
