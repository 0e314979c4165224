package dev.rlcm.examples;

import dev.rlcm.backend.Backend;
import dev.rlcm.reward.RewardFunction;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What to train for. */
final class RewardOptions {
    @Option(
            names = "--reward",
            paramLabel = "NAME",
            description = "${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
    private Reward reward = Reward.compressibility;

    @Option(
            names = "--clip",
            paramLabel = "DIR",
            description =
                    "ONNX export of a CLIP model, for clipscore and aesthetic. Default: a small one for the embedded"
                            + " model's pictures, which clipscore can use.")
    private @Nullable Path clip;

    Reward task() {
        return reward;
    }

    RewardFunction create(Backend backend) throws IOException {
        return reward.factory.create(backend, clip);
    }

    /** For reports. */
    void summarise(Map<String, Object> entries) {
        entries.put("reward", reward.name());
        if (clip != null) {
            entries.put("clip", clip.toString());
        }
    }
}
