package dev.rlcm.onnx.pipeline;

import dev.rlcm.mdp.DdimSchedule;
import dev.rlcm.mdp.FlowMatchSchedule;
import dev.rlcm.mdp.KarrasSchedule;
import dev.rlcm.mdp.LatentConsistencySchedule;
import dev.rlcm.mdp.TrigFlowSchedule;
import dev.rlcm.onnx.pipeline.component.JsonFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a model's {@code scheduler_config.json} says about noise and timesteps. A schedule of another kind than the scheduler's is refused
 * with the name of the class that loads the model. Immutable.
 *
 * @param root the model's directory, for messages
 * @param family what the model is of
 * @param config the file
 */
record SchedulerFile(Path root, Family family, JsonFile config) {
    private static final Logger log = LoggerFactory.getLogger(SchedulerFile.class);
    private static final String KARRAS = "CMStochasticIterativeScheduler";
    private static final String FLOW_MATCHING = "FlowMatchEulerDiscreteScheduler";
    private static final String TRIGFLOW = "SCMScheduler";

    /** Whether it is of flow matching. */
    boolean isFlowMatching() {
        return FLOW_MATCHING.equals(name("")) || config.flag("use_flow_sigmas").orElse(false);
    }

    /** Whether it is of continuous-time consistency models. */
    boolean isTrigFlow() {
        return TRIGFLOW.equals(name(""));
    }

    private boolean isOfNoise() {
        return !isFlowMatching() && !isTrigFlow();
    }

    private String name(String otherwise) {
        return config.text("_class_name").orElse(otherwise);
    }

    LatentConsistencySchedule latentConsistency() {
        return schedule(
                List.of("LCMScheduler"),
                isOfNoise(),
                "a latent consistency model's; LatentDiffusionModel loads a diffusion model",
                LatentConsistencySchedule::fromConfig);
    }

    DdimSchedule ddim() {
        return schedule(
                List.of("DDIMScheduler", "PNDMScheduler"),
                isOfNoise(),
                "that of DDIM; LatentConsistencyModel loads a latent consistency model",
                DdimSchedule::fromConfig);
    }

    TrigFlowSchedule trigFlow() {
        return schedule(List.of(TRIGFLOW), isTrigFlow(), "", TrigFlowSchedule::fromConfig);
    }

    /** @param tokens how many the network makes of a latent */
    FlowMatchSchedule flow(int tokens) {
        return schedule(
                List.of(name("")),
                isFlowMatching(),
                "",
                values -> FlowMatchSchedule.fromConfig(values, family.form().levels(), tokens));
    }

    KarrasSchedule karras() {
        String name = name(KARRAS);
        if (!family.form().isOfPixels() || !name.equals(KARRAS)) {
            throw new IllegalArgumentException(root + " is a model of " + family.name() + " with a " + name
                    + "; PixelConsistencyModel loads consistency models of pixels with a " + KARRAS);
        }
        return schedule(List.of(KARRAS), true, "", KarrasSchedule::fromConfig);
    }

    /** @param isOfKind whether a scheduler of another name can be read so at all */
    private <T> T schedule(List<String> names, boolean isOfKind, String readAs, Function<Map<String, ?>, T> reader) {
        if (family.form().isOfPixels() && !names.contains(KARRAS)) {
            throw new IllegalArgumentException(root + " works on pixels; load it by PixelConsistencyModel");
        }
        if (!isOfKind) {
            throw new IllegalArgumentException(
                    config.path() + " is of a " + name("scheduler") + "; load the model by " + loader());
        }
        String name = name(names.get(0));
        if (!names.contains(name)) {
            log.warn("{} is of a {}; it is read as {}", config.path(), name, readAs);
        }
        try {
            return reader.apply(config.values());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(config.path() + ": " + e.getMessage(), e);
        }
    }

    private String loader() {
        return isTrigFlow()
                ? "TrigFlowModel"
                : isFlowMatching() ? "FlowMatchingModel" : "LatentConsistencyModel or LatentDiffusionModel";
    }
}
