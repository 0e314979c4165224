/**
 * Rewards that are ready to use: the paper's, and those that a server computes. Start with
 * {@link dev.rlcm.rewards.JpegCompressibility}; {@link dev.rlcm.rewards.ModelServer} is how all servers are asked. Imports
 * {@code dev.rlcm.reward}, {@code dev.rlcm.io}, graphs and backends, the encoders of {@code dev.rlcm.onnx.pipeline}, Jackson and
 * Commons Math.
 */
@NullMarked
package dev.rlcm.rewards;

import org.jspecify.annotations.NullMarked;
