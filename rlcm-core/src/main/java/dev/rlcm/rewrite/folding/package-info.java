/**
 * Constants computed before a graph runs, and identities such as {@code x * 1}. Start with {@link
 * dev.rlcm.rewrite.folding.ConstantFolding}. Imports {@code graph} and {@code rewrite}.
 */
@NullMarked
package dev.rlcm.rewrite.folding;

import org.jspecify.annotations.NullMarked;
