package dev.rlcm.supervised;

import java.time.Duration;
import java.util.Map;

/**
 * What a step did.
 *
 * @param step its number, from 0
 * @param applied false if loss or gradient was not finite, so that nothing changed
 * @param loss mean over the step's batches, before the step
 * @param parts the same of what else the loss graph reports, by name
 * @param gradNorm of the mean gradient, before clipping
 * @param rateFactor what the schedule multiplied the learning rate with
 * @param batches time that {@link SupervisedTask#batch} took
 * @param network time inside the backend for loss and gradients
 * @param total of the step; what is neither batches nor network is the optimiser's share
 */
public record StepReport(
        long step,
        boolean applied,
        double loss,
        Map<String, Double> parts,
        double gradNorm,
        double rateFactor,
        Duration batches,
        Duration network,
        Duration total) {}
