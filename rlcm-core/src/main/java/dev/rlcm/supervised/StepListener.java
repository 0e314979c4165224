package dev.rlcm.supervised;

/** Told of every step of a {@link SupervisedTrainer}, on the thread that trains. */
@FunctionalInterface
public interface StepListener {
    /** A step is done. The trainer may be saved now, and the parameters be read; what this throws ends the run. */
    void onStep(StepReport report);
}
