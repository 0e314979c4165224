/**
 * Raises the clouds of small nodes that exporters write, such as layer norms, activations and attention, to single
 * operators. Start with {@link dev.rlcm.rewrite.patterns.RaisePatterns}. Imports {@code graph}, {@code rewrite} and
 * {@code rewrite.folding}.
 */
@NullMarked
package dev.rlcm.rewrite.patterns;

import org.jspecify.annotations.NullMarked;
