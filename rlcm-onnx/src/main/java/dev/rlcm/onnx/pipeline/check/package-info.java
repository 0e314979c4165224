/**
 * What would go wrong or slowly with a model directory, found without running it. Start with {@link
 * dev.rlcm.onnx.pipeline.check.ModelCheck}. Imports the pipeline and {@code onnx.memory}.
 */
@NullMarked
package dev.rlcm.onnx.pipeline.check;

import org.jspecify.annotations.NullMarked;
