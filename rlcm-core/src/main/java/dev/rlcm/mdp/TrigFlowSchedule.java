package dev.rlcm.mdp;

import dev.rlcm.check.Check;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Schedules of continuous-time consistency models in TrigFlow's parametrisation (Lu and Song, arXiv:2410.11081, section 3):
 * x_t = cos(t) x0 + sin(t) z with x0 and z of standard deviation sd, and f(x, t) = cos(t) x - sin(t) sd F(x / sd, t). The next state is
 * cos(t') f + sin(t') z. The sample that is decoded is f / sd. Immutable, thread-safe.
 *
 * @param sigmaData sd
 * @param maxTimestep where sampling starts, in (0, pi / 2]
 * @param intermediate the second of two timesteps; with other numbers of evaluations they are evenly spaced
 * @param network what the network itself works on
 */
public record TrigFlowSchedule(double sigmaData, double maxTimestep, double intermediate, Network network)
        implements ScheduleRule {
    /** What a network is fed with and estimates. */
    public enum Network {
        /** F itself, told t. */
        TRIGONOMETRIC {
            @Override
            GaussianStep step(double t, double sd, double cos, double sin, double out, double sigma) {
                return new GaussianStep(t, 1 / sd, out * cos, -out * sin * sd, sigma);
            }
        },
        /**
         * A velocity of flow matching, told the level u = sin(t) / (sin(t) + cos(t)). With n = sqrt(u^2 + (1 - u)^2) it is fed with
         * n x / sd, and F = ((1 - 2u) n x / sd + (1 - 2u + 2u^2) m) / n, as in SANA-Sprint (Chen et al., arXiv:2503.09641, eq. 4).
         */
        FLOW {
            @Override
            GaussianStep step(double t, double sd, double cos, double sin, double out, double sigma) {
                double u = sin / (sin + cos);
                double n = Math.sqrt(u * u + (1 - u) * (1 - u));
                double sample = cos - sin * (1 - 2 * u);
                double model = -sin * sd * (1 - 2 * u + 2 * u * u) / n;
                return new GaussianStep(u, n / sd, out * sample, out * model, sigma);
            }
        };

        /** The step to out f + sigma z. */
        abstract GaussianStep step(double t, double sd, double cos, double sin, double out, double sigma);
    }

    public TrigFlowSchedule {
        Check.positive("sigmaData", sigmaData);
        Check.that(maxTimestep > 0 && maxTimestep <= LIMIT, "maxTimestep", "in (0, pi / 2]", maxTimestep);
        Check.that(
                intermediate > 0 && intermediate < maxTimestep,
                "intermediate",
                "in (0, " + maxTimestep + ")",
                intermediate);
    }

    private static final double LIMIT = 1.5708; // pi / 2 as SANA-Sprint rounds it, upwards

    /** SANA-Sprint's: sd 0.5, from 1.5708 by way of 1.3. */
    public static TrigFlowSchedule defaults() {
        return new TrigFlowSchedule(0.5, LIMIT, 1.3, Network.FLOW);
    }

    /**
     * The schedule of a decoded {@code scheduler_config.json} of diffusers' SCMScheduler.
     *
     * @throws IllegalArgumentException if it asks for another prediction than {@code trigflow}
     */
    public static TrigFlowSchedule fromConfig(Map<String, ?> config) {
        SchedulerConfig decoded = new SchedulerConfig(config);
        String prediction = decoded.string("prediction_type", "trigflow");
        Check.that(prediction.equals("trigflow"), "prediction_type", "trigflow", prediction);
        TrigFlowSchedule standard = defaults();
        return new TrigFlowSchedule(
                decoded.number("sigma_data", standard.sigmaData()),
                standard.maxTimestep(),
                standard.intermediate(),
                standard.network());
    }

    public TrigFlowSchedule withNetwork(Network value) {
        return new TrigFlowSchedule(sigmaData, maxTimestep, intermediate, value);
    }

    /** The timesteps of N evaluations, decreasing. */
    public double[] timesteps(int evaluations) {
        Check.between(1, 1000, "evaluations", evaluations);
        if (evaluations == 2) {
            return new double[] {maxTimestep, intermediate};
        }
        double[] timesteps = new double[evaluations];
        for (int k = 0; k < evaluations; k++) {
            timesteps[k] = maxTimestep * (evaluations - k) / evaluations;
        }
        return timesteps;
    }

    /** The schedule of N evaluations; the last step is deterministic. */
    @Override
    public Schedule steps(int evaluations) {
        double[] timesteps = timesteps(evaluations);
        List<GaussianStep> steps = new ArrayList<>();
        for (int k = 0; k < evaluations; k++) {
            double t = timesteps[k];
            boolean last = k == evaluations - 1;
            steps.add(network.step(
                    t,
                    sigmaData,
                    Math.cos(t),
                    Math.sin(t),
                    last ? 1 / sigmaData : Math.cos(timesteps[k + 1]),
                    last ? 0 : Math.sin(timesteps[k + 1]) * sigmaData));
        }
        return new Schedule(steps, sigmaData);
    }

    /** The forward process of the sample that is decoded, x0 / sd, at the timesteps of N evaluations below pi / 2, where no signal is left. */
    @Override
    public List<ForwardStep> forwardSteps(int evaluations) {
        List<ForwardStep> steps = new ArrayList<>();
        for (double t : timesteps(evaluations)) {
            double cos = Math.cos(t);
            double sin = Math.sin(t);
            if (cos > 0) {
                GaussianStep estimate = network.step(t, sigmaData, cos, sin, 1 / sigmaData, 0);
                steps.add(new ForwardStep(sigmaData * cos, sigmaData * sin, estimate));
            }
        }
        return steps;
    }
}
