/**
 * One training run of the main job: evaluation, files, bar and report. Start with {@link
 * dev.rlcm.examples.run.TrainingRun}. Imports {@code examples.options} and {@code examples.report}.
 */
@NullMarked
package dev.rlcm.examples.run;

import org.jspecify.annotations.NullMarked;
