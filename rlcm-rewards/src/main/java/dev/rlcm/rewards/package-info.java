/**
 * The rewards of the paper, ready to use. Start with {@link dev.rlcm.rewards.JpegCompressibility}. Imports
 * {@code dev.rlcm.reward}, the encoders of {@code dev.rlcm.onnx.pipeline} and the JDK.
 */
@NullMarked
package dev.rlcm.rewards;

import org.jspecify.annotations.NullMarked;
