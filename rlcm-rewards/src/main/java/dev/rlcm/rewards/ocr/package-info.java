/**
 * Text in pictures as a reward. Start with {@link dev.rlcm.rewards.ocr.TextAccuracy}; {@link dev.rlcm.rewards.ocr.PpOcr} is the
 * reader that comes along. Imports {@code dev.rlcm.reward}, {@code dev.rlcm.rewards} and ONNX Runtime's backend.
 */
@NullMarked
package dev.rlcm.rewards.ocr;

import org.jspecify.annotations.NullMarked;
