package dev.rlcm.onnx.pipeline.check;

import dev.rlcm.mdp.FlowLevels;
import dev.rlcm.mdp.FlowMatchSchedule;
import dev.rlcm.mdp.KarrasSchedule;
import dev.rlcm.mdp.LatentConsistencySchedule;
import dev.rlcm.mdp.Schedule;
import dev.rlcm.mdp.TimestepRule;
import dev.rlcm.mdp.TrigFlowSchedule;
import dev.rlcm.onnx.pipeline.component.JsonFile;
import java.util.Arrays;
import java.util.Map;

/** Whether the scheduler's configuration is one of a few-step sampler, and what it makes of the steps. */
final class SchedulerCheck {
    private static final String NAME = "scheduler";
    private static final String KARRAS = "CMStochasticIterativeScheduler";
    private static final String FLOW_MATCHING = "FlowMatchEulerDiscreteScheduler";

    private static final String TRIGFLOW = "SCMScheduler";

    private final Layout layout;
    private final CheckSettings settings;
    private final Findings findings;

    private SchedulerCheck(Layout layout, CheckSettings settings, Findings findings) {
        this.layout = layout;
        this.settings = settings;
        this.findings = findings;
    }

    static void run(Layout layout, CheckSettings settings, Findings findings) {
        new SchedulerCheck(layout, settings, findings).run();
    }

    private void run() {
        layout.configuration("scheduler/scheduler_config.json")
                .ifPresent(config -> findings.run(NAME, () -> check(config)));
    }

    private void check(JsonFile config) {
        String type = config.root().path("_class_name").asText("LCMScheduler");
        if (type.equals(FLOW_MATCHING) || config.flag("use_flow_sigmas").orElse(false)) {
            FlowLevels levels = layout.family().form().levels();
            findings.attempt(NAME, () -> FlowMatchSchedule.fromConfig(config.values(), levels, 1)
                            .steps(settings.steps()))
                    .ifPresent(this::checkActions);
            return;
        }
        if (type.equals(TRIGFLOW)) {
            findings.attempt(NAME, () -> TrigFlowSchedule.fromConfig(config.values())
                            .steps(settings.steps()))
                    .ifPresent(this::checkActions);
            return;
        }
        if (layout.family().form().isOfPixels()) {
            if (!type.equals(KARRAS)) {
                findings.error(NAME, "is of a " + type + ", not a " + KARRAS, "copy that of the published model");
                return;
            }
            findings.attempt(NAME, () -> KarrasSchedule.fromConfig(config.values())
                            .steps(settings.steps()))
                    .ifPresent(this::checkActions);
            return;
        }
        if (!type.equals("LCMScheduler")) {
            findings.warn(
                    NAME,
                    "is of a " + type + " and will be read as a latent consistency model's",
                    "a model that is not distilled for few steps gives poor pictures in " + settings.steps()
                            + " steps; use one that was, merge an LCM adapter before the export, or load it by"
                            + " LatentDiffusionModel");
        }
        Map<String, Object> values = config.values();
        boolean sound = true;
        for (Map.Entry<String, Object> entry : values.entrySet()) {
            if (entry.getValue() != null) {
                sound &= findings.attempt(
                                NAME,
                                () -> LatentConsistencySchedule.fromConfig(Map.of(entry.getKey(), entry.getValue())))
                        .isPresent();
            }
        }
        if (sound) {
            findings.attempt(NAME, () -> LatentConsistencySchedule.fromConfig(values))
                    .ifPresent(this::checkSteps);
        }
    }

    private void checkSteps(LatentConsistencySchedule schedule) {
        findings.attempt(NAME, () -> schedule.steps(settings.steps())).ifPresent(steps -> {
            checkActions(steps);
            String rule = Arrays.toString(schedule.timesteps(settings.steps()));
            String other =
                    Arrays.toString(schedule.withRule(TimestepRule.REFERENCE).timesteps(settings.steps()));
            if (!rule.equals(other)) {
                findings.info(
                        NAME,
                        "with " + settings.steps() + " steps the timesteps are " + rule + " by diffusers' rule and "
                                + other + " by that of the paper's code");
            }
        });
    }

    private void checkActions(Schedule steps) {
        if (steps.actions() == 0) {
            findings.warn(
                    NAME,
                    settings.steps() + " step has no stochastic action to learn from",
                    "train with at least 2 steps");
        }
    }
}
