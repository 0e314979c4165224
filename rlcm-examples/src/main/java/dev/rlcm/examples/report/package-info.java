/**
 * What a training run leaves behind, written from plain data: pictures in a grid, a learning curve, metrics and one
 * self-contained HTML page. Start with {@link dev.rlcm.examples.report.RunReport}. Imports {@code dev.rlcm.reward},
 * {@code dev.rlcm.io}, XChart and the JDK; knows nothing of the trainer. Works without a display.
 */
@NullMarked
package dev.rlcm.examples.report;

import org.jspecify.annotations.NullMarked;
