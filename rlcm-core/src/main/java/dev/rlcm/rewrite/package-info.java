/**
 * Rewrites of graphs that preserve what they compute. Start with {@link dev.rlcm.rewrite.Rewriter}, which all others are
 * rules for. Imports the graph package and the JDK only.
 */
@NullMarked
package dev.rlcm.rewrite;

import org.jspecify.annotations.NullMarked;
