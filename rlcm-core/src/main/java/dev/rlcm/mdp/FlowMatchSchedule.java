package dev.rlcm.mdp;

import dev.rlcm.check.Check;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Schedules of flow-matching models (Lipman et al., arXiv:2210.02747; Esser et al., arXiv:2403.03206): x_s = (1 - s) x0 + s e with the
 * level s from 1 to 0, and a network that estimates the velocity e - x0. It is told the timestep T s.
 *
 * <p>Levels are shifted towards noise, s' = f s / (1 + (f - 1) s). A shift that depends on the resolution is the same with f = exp(mu),
 * mu linear in the number of tokens ({@link #fromConfig}). Then they may be stretched so that the last one is a given level, and spaced in
 * another way between the first and the last, in this order, as diffusers does. The last step is deterministic, so N evaluations are at most N - 1 actions.
 * Immutable, thread-safe.
 *
 * @param levels which levels are taken before the shift
 * @param shift f, positive; 1 leaves the levels as they are
 * @param shiftGrowth what f is multiplied with for every evaluation, positive; 1 for all models but FLUX.2
 * @param terminal what the last level is stretched to, as Qwen-Image and LTX-Video are trained: s' = 1 - (1 - s) (1 - terminal) / (1 - last);
 *     in [0, 1), 0 leaves the levels as they are
 * @param spacing where the levels between the first and the last are
 * @param trainTimesteps T, 1000 nearly always
 * @param noise how a step draws noise
 * @param noiseLevel a, how much of it, in [0, 1] for {@link FlowNoise#COEFFICIENTS_PRESERVING} and not negative for
 *     {@link FlowNoise#SDE}; 0 is the deterministic sampler
 * @param window which steps draw noise; the last one never does
 */
public record FlowMatchSchedule(
        FlowLevels levels,
        double shift,
        double shiftGrowth,
        double terminal,
        FlowSpacing spacing,
        int trainTimesteps,
        FlowNoise noise,
        double noiseLevel,
        StepWindow window)
        implements ScheduleRule {
    /** Flow-GRPO's setting for Stable Diffusion 3.5 (arXiv:2505.05470, section 5.1). */
    private static final double DEFAULT_NOISE_LEVEL = 0.7;

    private static final Map<String, FlowSpacing> SPACINGS = Map.of(
            "use_karras_sigmas", FlowSpacing.KARRAS,
            "use_exponential_sigmas", FlowSpacing.EXPONENTIAL,
            "use_beta_sigmas", FlowSpacing.BETA);

    public FlowMatchSchedule {
        Check.positive("shift", shift);
        Check.positive("shiftGrowth", shiftGrowth);
        Check.that(terminal >= 0 && terminal < 1, "terminal", "in [0, 1)", terminal);
        Check.that(trainTimesteps >= 2 && trainTimesteps <= 1_000_000, "trainTimesteps", "in [2, 1e6]", trainTimesteps);
        boolean isSde = noise == FlowNoise.SDE;
        Check.that(
                noiseLevel >= 0 && (isSde ? Double.isFinite(noiseLevel) : noiseLevel <= 1),
                "noiseLevel",
                isSde ? "finite and not negative" : "in [0, 1]",
                noiseLevel);
    }

    /** That of Stable Diffusion 3 and 3.5: shift 3, and Flow-GRPO's noise of level 0.7 on all steps but the last. */
    public static FlowMatchSchedule defaults() {
        return new FlowMatchSchedule(
                FlowLevels.TRAINED,
                3,
                1,
                0,
                FlowSpacing.SHIFTED,
                1000,
                FlowNoise.SDE,
                DEFAULT_NOISE_LEVEL,
                StepWindow.all());
    }

    /**
     * The schedule of a decoded {@code scheduler_config.json}: of diffusers' FlowMatchEulerDiscreteScheduler, or of one of its multistep
     * solvers with {@code use_flow_sigmas}, whose levels are taken by steps of first order. Noise is that of {@link #defaults}, unless the
     * configuration says {@code stochastic_sampling}, which is all noise fresh.
     *
     * @param levels what the model's pipeline takes; a multistep solver has its own
     * @param tokens how many tokens the transformer makes of a latent, for a shift that depends on the resolution
     * @throws IllegalArgumentException if it asks for what is not known
     */
    public static FlowMatchSchedule fromConfig(Map<String, ?> config, FlowLevels levels, int tokens) {
        SchedulerConfig decoded = new SchedulerConfig(config);
        boolean multistep = decoded.flag("use_flow_sigmas", false);
        List<String> unknown = new ArrayList<>(List.of("invert_sigmas", "use_lu_lambdas"));
        if (multistep) { // where these mean levels that are not of flow matching
            unknown.addAll(SPACINGS.keySet());
        }
        for (String key : unknown) {
            Check.that(!decoded.flag(key, false), key, "false", true);
        }
        double terminal = decoded.number("shift_terminal", 0);
        Check.that(!multistep || terminal == 0, "shift_terminal", "absent", terminal);
        boolean isDynamic = decoded.flag("use_dynamic_shifting", false);
        boolean unshifted = levels == FlowLevels.TRAINED && isDynamic;
        boolean isEmpirical = levels == FlowLevels.UNIFORM_EMPIRICAL && isDynamic && !multistep;
        FlowMatchSchedule standard = new FlowMatchSchedule(
                multistep ? FlowLevels.BELOW_ONE : unshifted ? FlowLevels.UNSHIFTED : levels,
                multistep
                        ? decoded.number("flow_shift", 1)
                        : isEmpirical ? empiricalShift(tokens, 0) : shift(decoded, tokens),
                isEmpirical ? empiricalShift(tokens, 1) / empiricalShift(tokens, 0) : 1,
                terminal,
                spacing(decoded),
                decoded.integer("num_train_timesteps", defaults().trainTimesteps()),
                defaults().noise(),
                defaults().noiseLevel(),
                StepWindow.all());
        return decoded.flag("stochastic_sampling", false)
                ? standard.withNoise(FlowNoise.COEFFICIENTS_PRESERVING, 1)
                : standard;
    }

    private static FlowSpacing spacing(SchedulerConfig config) {
        List<String> asked = SPACINGS.keySet().stream()
                .filter(key -> config.flag(key, false))
                .toList();
        Check.that(asked.size() <= 1, "use_*_sigmas", "at most one", asked);
        return asked.isEmpty() ? FlowSpacing.SHIFTED : SPACINGS.getOrDefault(asked.get(0), FlowSpacing.SHIFTED);
    }

    private static double shift(SchedulerConfig config, int tokens) {
        if (!config.flag("use_dynamic_shifting", false)) {
            return config.number("shift", 1);
        }
        int few = config.integer("base_image_seq_len", 256);
        int many = config.integer("max_image_seq_len", 4096);
        Check.that(many > few, "max_image_seq_len", "above base_image_seq_len, " + few, many);
        double low = config.number("base_shift", 0.5);
        double high = config.number("max_shift", 1.15);
        double mu = low + (high - low) * (tokens - few) / (many - few);
        String type = config.string("time_shift_type", "exponential");
        Check.that(
                type.equals("exponential") || type.equals("linear"), "time_shift_type", "exponential or linear", type);
        return type.equals("exponential") ? Math.exp(mu) : mu;
    }

    /**
     * FLUX.2's f for N evaluations, exp(mu): mu is linear in N between lines for 10 and 200 evaluations, which are linear in the number of
     * tokens; beyond 4300 tokens it is the latter alone (diffusers' compute_empirical_mu).
     */
    private static double empiricalShift(int tokens, int evaluations) {
        double many = 0.00016927 * tokens + 0.45666666;
        double few = 8.73809524e-05 * tokens + 1.89833333;
        double mu = tokens > 4300 ? many : many + (many - few) / 190 * (evaluations - 200);
        return Math.exp(mu);
    }

    public FlowMatchSchedule withLevels(FlowLevels value) {
        return new FlowMatchSchedule(
                value, shift, shiftGrowth, terminal, spacing, trainTimesteps, noise, noiseLevel, window);
    }

    /** With another shift, the same for any number of evaluations. */
    public FlowMatchSchedule withShift(double value) {
        return new FlowMatchSchedule(levels, value, 1, terminal, spacing, trainTimesteps, noise, noiseLevel, window);
    }

    /** With the last level stretched to another one; 0 for no stretching. */
    public FlowMatchSchedule withTerminal(double value) {
        return new FlowMatchSchedule(
                levels, shift, shiftGrowth, value, spacing, trainTimesteps, noise, noiseLevel, window);
    }

    public FlowMatchSchedule withSpacing(FlowSpacing value) {
        return new FlowMatchSchedule(
                levels, shift, shiftGrowth, terminal, value, trainTimesteps, noise, noiseLevel, window);
    }

    /** With another kind of noise, and how much of it. */
    public FlowMatchSchedule withNoise(FlowNoise kind, double level) {
        return new FlowMatchSchedule(
                levels, shift, shiftGrowth, terminal, spacing, trainTimesteps, kind, level, window);
    }

    /** With noise of another {@link #noiseLevel}. */
    public FlowMatchSchedule withNoiseLevel(double level) {
        return withNoise(noise, level);
    }

    /** With noise on some steps only, on which training then works, as Flow-GRPO-Fast does. */
    public FlowMatchSchedule withWindow(StepWindow value) {
        return new FlowMatchSchedule(
                levels, shift, shiftGrowth, terminal, spacing, trainTimesteps, noise, noiseLevel, value);
    }

    /** The noise levels of N evaluations, decreasing, in (0, 1]. */
    public double[] levels(int evaluations) {
        Check.between(1, trainTimesteps, "evaluations", evaluations);
        double f = shift * Math.pow(shiftGrowth, evaluations);
        double lowest = shifted(1.0 / trainTimesteps, f); // diffusers shifts the end of training's levels twice
        double[] chosen = new double[evaluations];
        for (int k = 0; k < evaluations; k++) {
            chosen[k] = shifted(levels.level(k, evaluations, lowest, trainTimesteps), f);
        }
        double last = chosen[evaluations - 1];
        for (int k = 0; terminal > 0 && last < 1 && k < evaluations; k++) {
            chosen[k] = 1 - (1 - chosen[k]) * (1 - terminal) / (1 - last);
        }
        spacing.space(chosen);
        return chosen;
    }

    private double told(double level) {
        return levels.told(trainTimesteps * level);
    }

    private static double shifted(double level, double f) {
        return level == 1 ? 1 : f * level / (1 + (f - 1) * level); // to the bit: 1 - s must be 0 at pure noise
    }

    /** The schedule of N evaluations at {@link #levels(int)}. */
    @Override
    public Schedule steps(int evaluations) {
        return at(levels(evaluations));
    }

    /**
     * The schedule of evaluations at given levels, as some few-step models come with.
     *
     * @throws IllegalArgumentException if they do not decrease, or leave (0, 1]
     */
    public Schedule at(double... chosen) {
        Check.that(
                chosen.length > 0 && chosen[0] <= 1, "the first level", "in (0, 1]", chosen.length > 0 ? chosen[0] : 0);
        List<GaussianStep> steps = new ArrayList<>();
        for (int k = 0; k < chosen.length; k++) {
            boolean last = k == chosen.length - 1;
            double next = last ? 0 : chosen[k + 1];
            Check.that(chosen[k] > next && next >= 0, "level " + (last ? k : k + 1), "in (0, " + chosen[k] + ")", next);
            double a = last || !window.contains(k) ? 0 : noiseLevel;
            steps.add(noise.step(told(chosen[k]), chosen[k], next, a));
        }
        return new Schedule(steps, 1);
    }

    /** The forward process at the levels of N evaluations below 1, where no signal is left, with the network's estimate of x0. */
    @Override
    public List<ForwardStep> forwardSteps(int evaluations) {
        List<ForwardStep> steps = new ArrayList<>();
        for (double level : levels(evaluations)) {
            if (level < 1) {
                steps.add(
                        new ForwardStep(1 - level, level, FlowNoise.clean(level).step(told(level), 0)));
            }
        }
        return steps;
    }
}
