package dev.rlcm.examples.compare;

import dev.rlcm.backend.Backend;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.onnx.pipeline.LatentDiffusionModel;
import dev.rlcm.onnx.pipeline.LatentModel;
import dev.rlcm.onnx.pipeline.ModelDirectory;
import java.io.IOException;

/** What {@code Compare} compares. */
public enum Method {
    /** A consistency model, of distilled guidance. */
    RLCM {
        @Override
        public LatentModel load(ModelDirectory consistency, ModelDirectory diffusion, Backend backend)
                throws IOException {
            return LatentConsistencyModel.load(consistency, backend);
        }

        @Override
        int rowsPerStep(double guidance) {
            return 1;
        }
    },
    /** A diffusion model under the same optimiser. */
    DDPO {
        @Override
        public LatentModel load(ModelDirectory consistency, ModelDirectory diffusion, Backend backend)
                throws IOException {
            return LatentDiffusionModel.load(diffusion, backend);
        }

        @Override
        int rowsPerStep(double guidance) {
            return guidance == 1 ? 1 : 2;
        }
    };

    public abstract LatentModel load(ModelDirectory consistency, ModelDirectory diffusion, Backend backend)
            throws IOException;

    /** How often the network is evaluated for one step of one picture. */
    abstract int rowsPerStep(double guidance);
}
