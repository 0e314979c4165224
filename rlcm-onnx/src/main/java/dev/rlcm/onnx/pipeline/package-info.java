/**
 * Text to image from a model directory in the layout that Optimum and diffusers write for ONNX: tokenizer, text
 * encoder, UNet and VAE. Start with {@link dev.rlcm.onnx.pipeline.LatentConsistencyModel}, beside which stands {@link
 * dev.rlcm.onnx.pipeline.LatentDiffusionModel}. Imports core, {@code dev.rlcm.onnx}, {@code pipeline.component} and
 * {@code pipeline.text}.
 */
@NullMarked
package dev.rlcm.onnx.pipeline;

import org.jspecify.annotations.NullMarked;
