/**
 * What happens to a graph between differentiation and compilation: operators taken apart where that is faster, passes
 * over memory saved, equal expressions merged. Imports {@code graph}, {@code rewrite} and {@code rewrite.folding}.
 */
@NullMarked
package dev.rlcm.rewrite.lowering;

import org.jspecify.annotations.NullMarked;
