/**
 * The rewards of the paper, ready to use. Start with {@link dev.rlcm.rewards.JpegCompressibility}. Imports
 * {@code dev.rlcm.reward} and the JDK.
 */
@NullMarked
package dev.rlcm.rewards;

import org.jspecify.annotations.NullMarked;
