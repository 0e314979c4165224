package dev.rlcm.examples.options;

/**
 * What a run is for.
 *
 * @param name a word for directories
 * @param title what was asked for, as reports call it
 * @param measure what is reported
 * @param settings of training that suit it
 */
public record Goal(String name, String title, Task.Measure measure, Task.Settings settings) {}
