package dev.rlcm.optim;

import dev.rlcm.graph.Shape;

/** Groups that tell their rule and settings, so that checkpoints and their readers know them again. */
record NamedGroups(String name, ParameterGroups rule) implements ParameterGroups {
    @Override
    public OptimizerConfig of(String parameter, Shape shape) {
        return rule.of(parameter, shape);
    }

    @Override
    public String toString() {
        return name;
    }
}
