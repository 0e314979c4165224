package dev.rlcm.examples.reproduction;

import dev.rlcm.backend.Backend;
import dev.rlcm.examples.models.EmbeddedModel;
import dev.rlcm.examples.options.TrainOptions;
import dev.rlcm.onnx.pipeline.LatentConsistencyModel;
import dev.rlcm.onnx.pipeline.LatentDiffusionModel;
import dev.rlcm.onnx.pipeline.LatentModel;
import dev.rlcm.onnx.pipeline.ModelDirectory;
import dev.rlcm.policy.ConsistencyPolicy;
import dev.rlcm.ppo.Objective;
import dev.rlcm.ppo.PolicyLosses;
import java.io.IOException;

/** The two sides of the paper. */
enum Method {
    /** A consistency model, whose guidance is distilled: one evaluation of the network for a step. */
    RLCM {
        @Override
        LatentModel load(Backend backend) throws IOException {
            return LatentConsistencyModel.load(ModelDirectory.open(EmbeddedModel.emojiLcm()), backend);
        }

        @Override
        Objective objective(TrainOptions options, LatentModel model, ConsistencyPolicy policy, Backend backend)
                throws IOException {
            return options.objective((LatentConsistencyModel) model, policy, backend);
        }
    },
    /** The diffusion model that it was distilled from, under the same optimiser: two evaluations for a step. */
    DDPO {
        @Override
        LatentModel load(Backend backend) throws IOException {
            ModelDirectory directory = ModelDirectory.open(EmbeddedModel.emojiLdm(), EmbeddedModel.emojiLcm());
            return LatentDiffusionModel.load(directory, backend);
        }

        @Override
        Objective objective(TrainOptions options, LatentModel model, ConsistencyPolicy policy, Backend backend) {
            return Objective.of(PolicyLosses.clipped());
        }
    };

    /** How often a policy is evaluated that is compared with the other method; an evaluation takes DDPO as long as an epoch or more. */
    int evaluations() {
        return this == RLCM ? 12 : 6;
    }

    abstract LatentModel load(Backend backend) throws IOException;

    /** What updates minimise. */
    abstract Objective objective(TrainOptions options, LatentModel model, ConsistencyPolicy policy, Backend backend)
            throws IOException;
}
