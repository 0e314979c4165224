package dev.rlcm.examples.reproduction;

import java.util.List;

/**
 * How much of the study is done.
 *
 * @param seeds of every comparison
 * @param ddpoSeeds of DDPO's runs of tasks other than the first
 * @param epochs of RLCM
 * @param ddpoSteps of a trajectory; 50 in both papers
 * @param ddpoEpochs of DDPO
 * @param sweepEpochs of RLCM's runs that only choose settings
 * @param ddpoSweepEpochs of DDPO's
 * @param sweepsEveryTask whether settings are chosen for each task, or by the first one for all
 * @param algorithmEpochs of each algorithm of the table
 * @param algorithmRates learning rates that each algorithm of the table chooses from
 * @param clipRanges that both sides choose from, with every learning rate
 * @param evaluated prompts of each evaluation, of each kind
 */
record Scale(
        int seeds,
        int ddpoSeeds,
        int epochs,
        int ddpoSteps,
        int ddpoEpochs,
        int sweepEpochs,
        int ddpoSweepEpochs,
        boolean sweepsEveryTask,
        int algorithmEpochs,
        List<Double> algorithmRates,
        List<Double> clipRanges,
        int evaluated) {
    private static final List<Double> ONE_RATE = List.of(1e-3);
    private static final List<Double> ONE_RANGE = List.of(1e-3);

    /** About a quarter of an hour on two cores: a few epochs of DDPO, which take most of it. */
    static final Scale QUICK = new Scale(3, 1, 12, 50, 2, 8, 1, false, 4, ONE_RATE, ONE_RANGE, 16);

    /** A night. Both sides have the same number of pictures. */
    static final Scale FULL = new Scale(
            3, 3, 60, 50, 60, 25, 10, true, 25, List.of(5e-4, 2e-3, 8e-3), List.of(3e-4, 1e-3), 64);

    /** To see that everything works; its numbers mean nothing. */
    static final Scale TINY = new Scale(2, 1, 1, 5, 1, 1, 1, false, 1, ONE_RATE, ONE_RANGE, 8);
}
