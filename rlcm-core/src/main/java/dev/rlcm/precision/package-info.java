/**
 * Graphs in other floating-point types. Start with {@link dev.rlcm.precision.Precision}. Imports {@code graph} and
 * {@code rewrite}.
 */
@NullMarked
package dev.rlcm.precision;

import org.jspecify.annotations.NullMarked;
