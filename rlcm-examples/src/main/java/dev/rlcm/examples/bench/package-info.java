/**
 * Measures what training costs: start with {@link dev.rlcm.examples.bench.Benchmark}. Plain timing in one process, whose
 * ratios are what to look at. May import everything.
 */
@NullMarked
package dev.rlcm.examples.bench;

import org.jspecify.annotations.NullMarked;
