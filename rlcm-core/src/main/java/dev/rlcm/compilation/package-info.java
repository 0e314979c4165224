/**
 * The one recipe from an expression to the graph that a backend compiles: {@link dev.rlcm.compilation.Lowering}. Imports
 * {@code graph}, {@code autodiff}, {@code rewrite} with its subpackages and, of {@code backend}, the memory policy.
 */
@NullMarked
package dev.rlcm.compilation;

import org.jspecify.annotations.NullMarked;
