package dev.rlcm.mdp;

/** Which noise levels a flow-matching sampler takes before they are shifted. T is the number of training timesteps. */
public enum FlowLevels {
    /** From 1 to the lowest level of training, evenly: what diffusers' FlowMatchEulerDiscreteScheduler takes by itself. */
    TRAINED {
        @Override
        double level(int k, int evaluations, double lowest, int trainTimesteps) {
            return evaluations == 1 ? 1 : 1 - (1 - lowest) * k / (evaluations - 1);
        }
    },
    /** From 1 to 1/T, evenly: the same of a model that was not trained on shifted levels, as all with a shift by resolution. */
    UNSHIFTED {
        @Override
        double level(int k, int evaluations, double lowest, int trainTimesteps) {
            return TRAINED.level(k, evaluations, 1.0 / trainTimesteps, trainTimesteps);
        }
    },
    /** 1, 1 - 1/N, ..., 1/N, as diffusers' pipelines of FLUX ask for. */
    UNIFORM {
        @Override
        double level(int k, int evaluations, double lowest, int trainTimesteps) {
            return 1 - (double) k / evaluations;
        }
    },
    /** The same with FLUX.2's shift, which depends on the number of evaluations too. */
    UNIFORM_EMPIRICAL {
        @Override
        double level(int k, int evaluations, double lowest, int trainTimesteps) {
            return UNIFORM.level(k, evaluations, lowest, trainTimesteps);
        }
    },
    /**
     * From 1 - 1/T to 0, without 0: diffusers' multistep solvers with {@code use_flow_sigmas}, as in SANA. They tell the network whole
     * timesteps, rounded down.
     */
    BELOW_ONE {
        @Override
        double told(double timestep) {
            return Math.floor(timestep);
        }

        @Override
        double level(int k, int evaluations, double lowest, int trainTimesteps) {
            return (1 - 1.0 / trainTimesteps) * (evaluations - k) / evaluations;
        }
    };

    /** The timestep that the network is told at the timestep T s. */
    double told(double timestep) {
        return timestep;
    }

    /** The level of evaluation k, in (0, 1], decreasing in k. */
    abstract double level(int k, int evaluations, double lowest, int trainTimesteps);
}
