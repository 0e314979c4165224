package dev.rlcm.examples.reproduction;

import java.util.List;
import java.util.Map;

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
 * @param rates learning rates that both sides choose from
 * @param clipRanges that both sides choose from, with every learning rate
 * @param horizons of RLCM that are compared
 * @param budgets steps that trained policies are sampled with, besides those that they were trained with
 * @param algorithmEpochs of each algorithm of the table
 * @param algorithmRates learning rates that each algorithm of the table chooses from
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
        List<Double> rates,
        List<Double> clipRanges,
        List<Integer> horizons,
        Map<Method, List<Integer>> budgets,
        int algorithmEpochs,
        List<Double> algorithmRates,
        int evaluated) {
    private static final List<Double> RATES = List.of(5e-4, 2e-3, 8e-3, 3.2e-2);
    private static final List<Double> USUAL = List.of(1e-3);
    private static final List<Integer> HORIZONS = List.of(2, 4, 8);
    private static final Map<Method, List<Integer>> BUDGETS =
            Map.of(Method.RLCM, List.of(1, 2, 8), Method.DDPO, List.of(10, 25));

    /** About a quarter of an hour on two cores: a few epochs of DDPO, which take most of it. */
    static final Scale QUICK = new Scale(3, 1, 12, 50, 2, 8, 1, false, RATES, USUAL, HORIZONS, BUDGETS, 4, USUAL, 16);

    /** An hour or two: fewer epochs of DDPO than in a night, and settings chosen by the first task for all. */
    static final Scale MEDIUM =
            new Scale(3, 3, 40, 50, 15, 15, 4, false, RATES, USUAL, HORIZONS, BUDGETS, 15, List.of(2e-3, 8e-3), 32);

    /** A night. Both sides have the same number of pictures. */
    static final Scale FULL =
            new Scale(3, 3, 60, 50, 60, 25, 10, true, RATES, List.of(3e-4, 1e-3), HORIZONS, BUDGETS, 25, RATES, 64);

    /** To see that everything works; its numbers mean nothing. */
    static final Scale TINY = new Scale(
            1,
            1,
            1,
            3,
            1,
            1,
            1,
            false,
            USUAL,
            USUAL,
            List.of(2, 4),
            Map.of(Method.RLCM, List.of(2), Method.DDPO, List.of(2)),
            1,
            USUAL,
            8);
}
