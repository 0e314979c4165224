package dev.rlcm.optim;

import java.util.function.LongToDoubleFunction;

/** A schedule that tells its name and numbers, so that checkpoints and their readers know it again. */
record NamedSchedule(String name, LongToDoubleFunction function) implements LearningRateSchedule {
    @Override
    public double factor(long step) {
        return function.applyAsDouble(step);
    }

    @Override
    public String toString() {
        return name;
    }
}
