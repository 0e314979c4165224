/**
 * The machinery of rewrites that preserve what a graph computes. Start with {@link dev.rlcm.rewrite.Rewriter}. The
 * rewrites themselves stand in {@code rewrite.folding}, {@code rewrite.patterns} and {@code rewrite.lowering}. Imports
 * the graph package and the JDK only.
 */
@NullMarked
package dev.rlcm.rewrite;

import org.jspecify.annotations.NullMarked;
