/**
 * Text to image from a model directory in the layout that Optimum and diffusers write for ONNX: tokenizers, text
 * encoders, denoiser and VAE. Start with {@link dev.rlcm.onnx.pipeline.LatentConsistencyModel}, beside which stand {@link
 * dev.rlcm.onnx.pipeline.LatentDiffusionModel}, {@link dev.rlcm.onnx.pipeline.FlowMatchingModel} and {@link
 * dev.rlcm.onnx.pipeline.TrigFlowModel}; {@code Family} says what differs between families of models. Imports core, {@code dev.rlcm.onnx}, {@code pipeline.component} and {@code pipeline.text}.
 */
@NullMarked
package dev.rlcm.onnx.pipeline;

import org.jspecify.annotations.NullMarked;
