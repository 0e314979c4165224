package dev.rlcm.examples.reproduction;

import java.util.List;

/**
 * What a study has found so far.
 *
 * @param sweeps runs of one seed that settings were chosen by
 * @param methods RLCM beside DDPO on every task
 * @param horizons RLCM with several horizons on one task
 * @param algorithms on one task
 */
record Findings(List<Result> sweeps, List<Result> methods, List<Result> horizons, List<Result> algorithms) {}
