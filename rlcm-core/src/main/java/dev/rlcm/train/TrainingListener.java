package dev.rlcm.train;

/** Is told how training goes, on the training thread; whatever it throws ends the training. */
@FunctionalInterface
public interface TrainingListener {
    /** After every epoch. The adapter is in the state after its update; copy what should outlast the next one. */
    void onEpoch(EpochReport report);
}
