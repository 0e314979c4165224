/**
 * What {@code Quality} measures of sets of pictures. Start with {@link dev.rlcm.examples.quality.PictureJudge}. Imports the encoders of
 * {@code dev.rlcm.onnx.pipeline} and {@code dev.rlcm.rewards}.
 */
@NullMarked
package dev.rlcm.examples.quality;

import org.jspecify.annotations.NullMarked;
