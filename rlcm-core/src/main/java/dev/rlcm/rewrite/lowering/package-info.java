/**
 * Rewrites that make a graph faster to run: products and operators in other forms, equal expressions merged. {@code
 * dev.rlcm.compilation.Lowering} says in which order they are applied. Imports {@code graph}, {@code rewrite} and {@code
 * rewrite.folding}.
 */
@NullMarked
package dev.rlcm.rewrite.lowering;

import org.jspecify.annotations.NullMarked;
